//! The suites that every store has to pass.

use waxseal_session::{Clock, testing};

use crate::place::{Place, START};

#[actix_web::test]
async fn the_store_passes_the_acceptance_suite() {
    for place in Place::all() {
        let clock = Clock::manual(START);
        testing::acceptance_suite(&place.still(&clock).await, &clock).await.unwrap();
    }
}

#[actix_web::test]
async fn two_nodes_hear_of_each_other() {
    for place in Place::all() {
        let (one, other) = (place.node().await, place.node().await);
        testing::two_nodes_suite(&one, &other, &Clock::system()).await.unwrap();
    }
}

#[actix_web::test]
async fn of_many_tabs_at_once_nothing_is_lost() {
    for place in Place::all() {
        let clock = Clock::manual(START);
        testing::many_tabs_suite(&place.still(&clock).await, &clock).await.unwrap();
    }
}

#[actix_web::test]
async fn workers_that_build_their_own_middleware_know_the_same_sessions() {
    for place in Place::all() {
        let store = place.node().await;
        testing::many_workers_suite(move || store.clone()).await.unwrap();
    }
}

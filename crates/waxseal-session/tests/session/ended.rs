//! What waits for the end of a session.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use actix_web::{HttpRequest, web};
use waxseal_session::{CurrentSession, SessionMiddleware, StatelessStore};

use crate::harness::{IDLE, LIFETIME, Site, World, handlers, seconds};

type Ended = Pin<Box<dyn Future<Output = ()>>>;
type Sockets = Rc<RefCell<Vec<Ended>>>;

async fn site<S: waxseal_session::SessionStore>(
    world: &World,
    middleware: SessionMiddleware<S>,
) -> (Site, Sockets) {
    let sockets = Sockets::default();
    let site = Site::wrapped(middleware, |routes| {
        handlers(routes, world.clock.clone());
        routes.app_data(Rc::clone(&sockets)).route("/socket", web::to(socket));
    })
    .await;
    async fn socket(request: HttpRequest, session: CurrentSession) -> &'static str {
        let sockets: &Sockets = request.app_data().unwrap();
        sockets.borrow_mut().push(Box::pin(session.ended()));
        "open"
    }
    (site, sockets)
}

/// Whether the socket that was opened last has heard of the end.
async fn has_ended(sockets: &Sockets) -> bool {
    let mut socket = sockets.borrow_mut().pop().unwrap();
    // Timers and stores need a few turns.
    for _ in 0..20 {
        let ended = tokio::select! {
            biased;
            () = &mut socket => true,
            () = tokio::task::yield_now() => false,
        };
        if ended {
            return true;
        }
    }
    sockets.borrow_mut().push(socket);
    false
}

#[actix_web::test]
async fn a_socket_ends_with_a_log_out_a_renewal_and_a_revocation_elsewhere() {
    let world = World::new();
    let (site, sockets) = site(&world, world.middleware().build().unwrap()).await;
    for path in ["/purge", "/renew"] {
        let ann = site.log_in("ann").await;
        site.get("/socket", &ann).await;
        site.get("/set/theme/dark", &ann).await;
        assert!(!has_ended(&sockets).await, "before {path}");
        site.get(path, &ann).await;
        assert!(has_ended(&sockets).await, "after {path}");
    }
    let (ann, bob) = (site.log_in("ann").await, site.log_in("bob").await);
    site.get("/socket", &ann).await;
    world.store.revoke(&world.claims(&bob).sid);
    assert!(!has_ended(&sockets).await, "that was another's");
    world.store.revoke(&world.claims(&ann).sid);
    assert!(has_ended(&sockets).await);
}

#[actix_web::test]
async fn a_socket_ends_when_its_session_expires_and_not_while_it_is_refreshed() {
    let world = World::new();
    let (site, sockets) = site(&world, world.middleware().build().unwrap()).await;
    let mut ann = site.log_in("ann").await;
    site.get("/socket", &ann).await;
    for _ in 0..2 {
        world.clock.elapse(seconds(IDLE - 100));
        ann = site.get("/state", &ann).await.sealed().value;
        assert!(!has_ended(&sockets).await, "another tab is in use");
    }
    world.clock.elapse(seconds(LIFETIME - 2 * (IDLE - 100) - 1));
    assert!(!has_ended(&sockets).await);
    world.clock.elapse(seconds(1));
    assert!(has_ended(&sockets).await, "its lifetime is over");
}

#[actix_web::test]
async fn without_records_a_socket_ends_when_its_cookie_does() {
    let world = World::new();
    let store = StatelessStore::with_clock(world.clock.clone());
    let middleware = SessionMiddleware::builder(store, &world.secret)
        .clock(world.clock.clone())
        .idle_timeout(seconds(IDLE))
        .build()
        .unwrap();
    let (site, sockets) = site(&world, middleware).await;
    let ann = site.log_in("ann").await;
    site.get("/socket", &ann).await;
    world.clock.elapse(seconds(IDLE - 1));
    assert!(!has_ended(&sockets).await);
    world.clock.elapse(seconds(1));
    assert!(has_ended(&sockets).await);
    let bob = site.log_in("bob").await;
    site.get("/socket", &bob).await;
    site.get("/purge", &bob).await;
    assert!(has_ended(&sockets).await);
}

#[actix_web::test]
async fn a_store_that_fails_for_a_moment_ends_no_socket() {
    let world = World::new();
    let (site, sockets) = site(&world, world.middleware().build().unwrap()).await;
    let ann = site.log_in("ann").await;
    site.get("/socket", &ann).await;
    world.clock.elapse(seconds(IDLE - 100));
    site.get("/state", &ann).await.sealed();
    world.store.fail(true);
    world.clock.elapse(seconds(100));
    assert!(!has_ended(&sockets).await, "it was refreshed");
    world.store.fail(false);
    world.clock.elapse(seconds(1));
    assert!(!has_ended(&sockets).await);
    world.store.fail(true);
    for _ in 0..40 {
        world.clock.elapse(seconds(IDLE));
        if has_ended(&sockets).await {
            return;
        }
    }
    panic!("it waits for the store for ever");
}

#[actix_web::test]
async fn a_wall_clock_that_jumps_past_the_expiry_ends_a_socket_within_a_minute() {
    let world = World::new();
    let (site, sockets) = site(&world, world.middleware().build().unwrap()).await;
    let ann = site.log_in("ann").await;
    site.get("/socket", &ann).await;
    assert!(!has_ended(&sockets).await);
    world.advance(IDLE);
    world.clock.elapse(seconds(60));
    assert!(has_ended(&sockets).await);
}

//! The database goes away, and comes back.

use sqlx::Executor;
use test_support::{Answer, App, EMAIL, PASSWORD, Postgres, SECOND, eventually};

use crate::{
    node_on,
    wire::{Kind, Wire},
};

#[actix_web::test]
async fn while_the_database_is_gone_sealed_sessions_go_on_for_half_a_minute_and_all_recovers() {
    let Some(mut server) = Postgres::start() else { return };
    let app = App::start_on(&server).await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut visitor = app.client();

    server.stop();
    app.clock.elapse(SECOND);
    assert_eq!(ann.get("/api/session").await.status, 200);
    // What needs the database answers 503 at once, and says when to try again.
    assert_try_again(&visitor.log_in(EMAIL, PASSWORD).await);
    assert_try_again(&visitor.sign_up("bob@example.com", PASSWORD).await);
    assert_try_again(&ann.get("/sessions").await);
    assert_try_again(&ann.log_out().await);
    assert!(ann.session().is_some(), "the log-out failed, so the cookie stays");
    assert_eq!(visitor.get("/login").await.status, 200);
    eventually(async || app.client().get("/readyz").await.status == 503).await;

    app.clock.elapse(29 * SECOND);
    assert_eq!(ann.get("/api/session").await.status, 200);
    app.clock.elapse(31 * SECOND);
    assert_eq!(ann.get("/api/session").await.status, 503);
    assert_eq!(visitor.get("/login").await.status, 200);

    server.start_again();
    app.clock.elapse(SECOND);
    eventually(async || app.client().get("/readyz").await.status == 200).await;
    assert!(ann.is_logged_in().await);
    assert_eq!(visitor.log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    assert_eq!(ann.log_out().await.redirects_to(), "/login");
}

#[actix_web::test]
async fn a_session_that_is_due_is_just_not_refreshed_while_the_database_is_gone() {
    let Some(mut server) = Postgres::start() else { return };
    let app = App::start_on(&server).await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(6 * test_support::DAY);
    server.stop();
    let answer = ann.get("/api/session").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 0));
    server.start_again();
    app.clock.elapse(SECOND);
    eventually(async || ann.clone().get("/api/session").await.set_cookies().len() == 1).await;
}

/// The connections stand, and nothing comes over them: the fault that is noticed latest.
#[actix_web::test]
async fn a_database_that_stops_answering_blocks_no_request() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let wire = Wire::to(server.port(), Kind::Honest);
    let over_wire = wire.url(&app.database.url());
    let node = app.another_node(&[("DATABASE_URL", &over_wire)]).await;
    let mut ann = app.signed_up(EMAIL).await;
    ann.move_to(&node);
    assert!(ann.is_logged_in().await);
    let mut visitor = app.client();
    visitor.move_to(&node);

    wire.freeze(true);
    assert_try_again(&visitor.log_in(EMAIL, PASSWORD).await);
    assert_try_again(&ann.get("/profile").await);
    assert_eq!(ann.get("/api/session").await.status, 200);
    // Once a poll has noticed, no request waits for it.
    app.clock.elapse(SECOND);
    eventually(async || node.client().get("/readyz").await.body.contains("out of reach")).await;
    assert_try_again(&visitor.log_in(EMAIL, PASSWORD).await);
    wire.freeze(false);
    app.clock.elapse(SECOND);
    eventually(async || ann.clone().get("/profile").await.status == 200).await;
}

#[actix_web::test]
async fn cut_connections_are_reopened_without_an_error() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let wire = Wire::to(server.port(), Kind::Honest);
    let over_wire = wire.url(&app.database.url());
    let node = app.another_node(&[("DATABASE_URL", &over_wire)]).await;
    let mut ann = app.signed_up(EMAIL).await;
    ann.move_to(&node);
    for _ in 0..3 {
        assert!(ann.is_logged_in().await);
        wire.cut();
    }
    assert!(ann.is_logged_in().await);
}

/// Otherwise a log-in at the same time would have opened a session that is not ended with them.
#[actix_web::test]
async fn a_persons_sessions_end_only_while_nothing_else_changes_that_person() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.client();
    phone.log_in(EMAIL, PASSWORD).await;
    let mut other = app.database.connect().await;
    // As a log-in has it from the moment that it creates its session.
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(('x' || substr(encode(
        sha256(convert_to('waxseal session ' || id, 'UTF8')), 'hex'), 1, 16))::bit(64)::bigint)
        FROM users";
    other.execute(lock).await.unwrap();
    assert_try_again(&ann.post("/sessions/revoke-others", &[]).await);
    assert!(phone.is_logged_in().await);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(ann.post("/sessions/revoke-others", &[]).await.redirects_to(), "/sessions");
    assert!(!phone.is_logged_in().await);
}

#[test]
fn a_start_without_the_database_is_one_clear_line() {
    // Nobody listens on the port of a wire that is gone.
    let wire = Wire::to(1, Kind::Honest);
    let url = wire.url("postgres://waxseal:hunter2@127.0.0.1:1/waxseal");
    drop(wire);
    let said = node_on(&url).run(&[]).refusal();
    assert!(said.starts_with("waxseal: DATABASE_URL: the database can't be opened: "), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn nodes_that_start_together_bring_a_new_schema_up_to_date_once() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.url_of_new_schema();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || node_on(&url).serve())
        })
        .collect();
    for start in starts {
        start.join().unwrap();
    }
}

fn assert_try_again(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"), "{answer:?}");
    assert!(answer.body.contains("<h1>Temporarily unavailable</h1>"), "{}", answer.body);
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

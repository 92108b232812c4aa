//! PostgreSQL answers, but not as a node needs it: it is read-only, as after a failover, or it refuses
//! further connections.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::rt;
use sqlx::Executor;
use test_support::{App, Client, Database, EMAIL, PASSWORD, Postgres, SECOND, START, eventually};
use waxseal_session::Clock;
use waxseal_session_sqlx::Database as Connections;

use crate::wire::{Kind, Wire};

#[actix_web::test]
async fn a_node_leaves_a_server_that_has_become_read_only_and_finds_the_one_that_has_not() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::launch(role(server, "failing", ""), Clock::manual(START), &[]).await;
    let mut ann = app.signed_up(EMAIL).await;

    // New connections are read-only from now on, and stay so: as those to a server that was the primary.
    server.sql("ALTER ROLE failing SET default_transaction_read_only = on");
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'failing'");
    comes_to_be(&app, r#""database":"not writable""#).await;
    let refused = app.client().log_in(EMAIL, PASSWORD).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "5"));
    assert_eq!(ann.log_out().await.status, 503);
    // Sealed sessions and what only reads go on, for as long as it lasts.
    for _ in 0..40 {
        app.clock.elapse(SECOND);
        eventually(async || ann.clone().get("/api/session").await.status == 200).await;
    }
    assert_eq!(ann.get("/profile").await.status, 200);

    // Now there is one that is not read-only.
    server.sql("ALTER ROLE failing RESET default_transaction_read_only");
    comes_to_be(&app, r#""database":"ok""#).await;
    for _ in 0..10 {
        assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    }
    assert_eq!(ann.log_out().await.redirects_to(), "/login");
}

/// Here the poll finds nothing wrong, as its connection leads to the new primary already.
#[actix_web::test]
async fn a_connection_that_turns_out_to_be_read_only_is_not_used_again() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::launch(role(server, "lagging", ""), Clock::manual(START), &[]).await;
    app.signed_up(EMAIL).await;
    let polls = "SELECT pid FROM pg_stat_activity WHERE usename = 'lagging' \
                 AND query LIKE '%transaction_read_only%'";
    app.clock.elapse(SECOND);
    eventually(async || !server.sql(polls).is_empty()).await;
    server.sql("ALTER ROLE lagging SET default_transaction_read_only = on");
    server.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE usename = 'lagging' AND pid NOT IN ({polls})"
    ));
    let log_ins = (0..8).map(|_| rt::spawn(log_in(app.client())));
    for log_in in log_ins.collect::<Vec<_>>() {
        assert_eq!(log_in.await.unwrap(), 503);
    }
    server.sql("ALTER ROLE lagging RESET default_transaction_read_only");
    // One may have come back to the pool just after it was emptied: the next write finds it, and empties it again.
    eventually(async || log_in(app.client()).await == 303).await;
    for _ in 0..8 {
        assert_eq!(log_in(app.client()).await, 303);
    }
}

#[actix_web::test]
async fn a_standby_is_not_ready_until_it_is_promoted() {
    let Some(mut server) = Postgres::start() else { return };
    let app = App::start_on(&server).await;
    let mut ann = app.signed_up(EMAIL).await;
    server.stop();
    server.start_again_as_standby();
    comes_to_be(&app, r#""database":"not writable""#).await;
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 503);
    assert_eq!(ann.get("/profile").await.status, 200);
    // A node can start on it, too.
    let node = app.another_node(&[]).await;
    ann.move_to(&node);
    assert_eq!(ann.get("/profile").await.status, 200);
    server.promote();
    for app in [app, node] {
        comes_to_be(&app, r#""database":"ok""#).await;
        app.logged_in(EMAIL).await;
    }
}

#[actix_web::test]
async fn a_server_that_is_read_only_for_a_while_is_written_to_again() {
    let Some(server) = Postgres::start() else { return };
    let app = App::start_on(&server).await;
    let mut ann = app.signed_up(EMAIL).await;
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on");
    server.reload();
    comes_to_be(&app, r#""database":"not writable""#).await;
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 503);
    assert_eq!(ann.get("/api/session").await.status, 200);
    server.sql("ALTER SYSTEM RESET default_transaction_read_only");
    server.reload();
    comes_to_be(&app, r#""database":"ok""#).await;
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn requests_wait_in_line_where_the_server_allows_three_connections() {
    let Some(server) = Postgres::shared() else { return };
    for (role, connections) in [("three", "3"), ("three_unknown", "10")] {
        let database = self::role(server, role, "CONNECTION LIMIT 3");
        let settings = [("DATABASE_CONNECTIONS", connections)];
        let app = App::launch(database, Clock::manual(START), &settings).await;
        app.signed_up(EMAIL).await;
        for _ in 0..3 {
            let log_ins: Vec<_> = (0..8).map(|_| rt::spawn(log_in(app.client()))).collect();
            for log_in in log_ins {
                assert_eq!(log_in.await.unwrap(), 303, "{connections}");
            }
        }
        let open = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'");
        assert!(server.sql(&open).parse::<u32>().unwrap() <= 3);
    }
}

#[actix_web::test]
async fn revocations_are_polled_for_where_all_connections_are_taken() {
    let Some(server) = Postgres::shared() else { return };
    let database = role(server, "crowded", "CONNECTION LIMIT 3");
    // So that no request tries to open the one that the other program is to have.
    let settings = [("DATABASE_CONNECTIONS", "3")];
    let app = App::launch(database, Clock::manual(START), &settings).await;
    let mut ann = app.signed_up(EMAIL).await;
    // The node's connection that polls ends, and another program takes its place.
    end_the_connection_that_polls(server, "crowded").await;
    let _other = app.database.connect().await;
    for _ in 0..3 {
        app.clock.elapse(20 * SECOND);
        comes_to_be(&app, "\"ready\":true").await;
        assert_eq!(ann.get("/api/session").await.status, 200);
    }
}

/// The one that the pool has is returned long before the next is open.
#[actix_web::test]
async fn connections_that_take_long_to_open_are_opened_where_requests_wait_for_them() {
    let Some(server) = Postgres::shared() else { return };
    let wire = Wire::to(server.port(), Kind::SlowToOpen);
    let url = wire.url(&server.url_of_new_role("slow", ""));
    let database = Connections::connect(&url.parse().unwrap()).await.unwrap();
    let queries = (0..16).map(|_| {
        let database = database.clone();
        rt::spawn(async move {
            for _ in 0..20 {
                database.fetch_all(sqlx::query("SELECT 1")).await.unwrap();
            }
        })
    });
    for queries in queries.collect::<Vec<_>>() {
        queries.await.unwrap();
    }
    let open = server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'slow'");
    assert!(open.parse::<u32>().unwrap() > 1, "{open}");
}

/// The node's connection that polls has ended, another program has taken its place, and a request holds the
/// only other one while it waits for a lock.
#[actix_web::test]
async fn a_database_is_not_out_of_reach_because_all_connections_to_it_are_busy() {
    let Some(server) = Postgres::shared() else { return };
    let database = role(server, "busy", "CONNECTION LIMIT 3");
    let settings = [("DATABASE_CONNECTIONS", "3")];
    let app = App::launch(database, Clock::manual(START), &settings).await;
    let mut ann = app.signed_up(EMAIL).await;
    end_the_connection_that_polls(server, "busy").await;
    let mut other = app.database.connect().await;
    other.execute("BEGIN; SELECT id FROM waxseal_sessions FOR UPDATE").await.unwrap();
    let log_out = rt::spawn(async move { ann.log_out().await });
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE usename = 'busy' AND wait_event_type = 'Lock'";
    eventually(async || server.sql(waiting) == "1").await;

    app.clock.elapse(SECOND);
    while !log_out.is_finished() {
        let answer = app.client().get("/readyz").await;
        assert!(answer.body.contains(r#""database":"ok""#), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.execute("ROLLBACK").await.unwrap();
    comes_to_be(&app, "\"ready\":true").await;
    app.logged_in(EMAIL).await;
}

#[actix_web::test]
async fn a_limit_of_connections_holds_for_all_that_a_node_does() {
    let Some(server) = Postgres::shared() else { return };
    let database = role(server, "five", "");
    let settings = [("DATABASE_CONNECTIONS", "5")];
    let app = App::launch(database, Clock::manual(START), &settings).await;
    app.signed_up(EMAIL).await;
    let log_ins: Vec<_> = (0..16).map(|_| rt::spawn(log_in(app.client()))).collect();
    for log_in in log_ins {
        assert_eq!(log_in.await.unwrap(), 303);
        let open = server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'five'");
        assert!(open.parse::<u32>().unwrap() <= 5, "{open}");
    }
}

#[actix_web::test]
async fn a_server_is_reached_at_an_ipv6_address() {
    if TcpListener::bind("[::1]:0").is_err() {
        test_support::skip_test("IPV6", "this machine has no IPv6");
        return;
    }
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let url = app.database.url().replace("@127.0.0.1:", "@[::1]:");
    assert!(url.contains("[::1]"), "{url}");
    let node = app.another_node(&[("DATABASE_URL", &url)]).await;
    node.signed_up(EMAIL).await;
    app.logged_in(EMAIL).await;
}

async fn log_in(mut client: Client) -> u16 {
    client.log_in(EMAIL, PASSWORD).await.status.as_u16()
}

/// An empty schema of this new role.
fn role(server: &Postgres, role: &str, options: &str) -> Arc<Database> {
    Arc::new(Database::Postgres { url: server.url_of_new_role(role, options) })
}

/// Lets the node poll until `/readyz` says this.
async fn comes_to_be(app: &App, part: &str) {
    for _ in 0..10 {
        app.clock.elapse(SECOND);
        for _ in 0..200 {
            let answer = app.client().get("/readyz").await;
            assert_eq!(answer.status == 200, answer.body.contains(r#""ready":true"#));
            if answer.body.contains(part) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    panic!("/readyz never says {part}");
}

/// Ends the third connection of a node with this role, whose place another program can then take.
async fn end_the_connection_that_polls(server: &Postgres, role: &str) {
    server.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE usename = '{role}' AND query LIKE '%waxseal_sessions%revoked_seq >=%'"
    ));
    let open = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}'");
    eventually(async || server.sql(&open) == "2").await;
}

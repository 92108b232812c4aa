//! Transactions that need each other's locks on PostgreSQL: none of them costs anyone a 503.

use futures_util::future::join_all;
use sqlx::Executor;
use test_support::{Answer, App, Client, EMAIL, HOUR, PASSWORD, Postgres, SECOND, eventually};

use crate::notifications::open_sessions;

/// More than one statement of the flush, which writes 200 times at once.
const SESSIONS: usize = 81;
const USERS: usize = 5;
const NEW_PASSWORD: &str = "orange ladder seventy geese";

/// What ends all sessions of a user, or all but one.
const ACTS: [&str; 4] = ["others", "password", "role", "deletion"];

/// A user with many sessions.
struct Person {
    id: String,
    browser: Client,
    /// At two nodes.
    copies: Vec<Client>,
}

async fn person(nodes: [&App; 2], email: String) -> Person {
    let browser = nodes[0].signed_up(&email).await;
    let mut copies = open_sessions(nodes[0], nodes[1], &email, SESSIONS).await;
    copies.iter_mut().step_by(2).for_each(|copy| copy.move_to(nodes[0]));
    Person { id: nodes[0].id_of(&email).await, browser, copies }
}

async fn act(act: &str, person: &mut Person, admin: &mut Client) -> Answer {
    let browser = &mut person.browser;
    match act {
        "others" => browser.press("/sessions/revoke-others").await,
        "password" => {
            let form = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
            browser.post("/profile/password", &form).await
        }
        "role" => {
            admin.post(&format!("/admin/users/{}/role", person.id), &[("role", "admin")]).await
        }
        _ => browser.post("/profile/delete", &[("password", PASSWORD)]).await,
    }
}

/// Also at once: log-outs of single sessions.
#[actix_web::test]
async fn ending_all_sessions_of_five_users_while_last_seen_times_are_written_never_fails() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let other = app.another_node(&[]).await;
    let admin = app.admin().await;
    let mixed = std::array::from_fn(|number| ACTS[number % ACTS.len()]);
    let alike = ACTS.map(|what| [what; USERS]);
    for (round, acts) in [&alike[..], &[mixed], &alike, &[mixed]].concat().into_iter().enumerate() {
        // So that five more can sign up.
        app.clock.elapse(HOUR);
        for node in [&app, &other] {
            eventually(async || node.client().get("/readyz").await.status == 200).await;
        }
        let emails = (0..USERS).map(|number| format!("user{round}-{number}@example.com"));
        let people = join_all(emails.map(|email| person([&app, &other], email))).await;
        // Otherwise they were seen when they began, and nothing has to be written.
        app.clock.advance(SECOND);
        let seen = people.iter().flat_map(|person| &person.copies);
        join_all(seen.map(async |copy| {
            assert_eq!(copy.clone().get("/api/session").await.status, 200);
        }))
        .await;

        app.clock.elapse(30 * SECOND);
        let log_outs = people.iter().map(|person| person.copies[0].clone());
        let log_outs = join_all(log_outs.map(async |mut copy| copy.log_out().await));
        let ends = people.into_iter().zip(acts).map(async |(mut person, what)| {
            let answer = act(what, &mut person, &mut admin.clone()).await;
            assert_eq!(answer.status, 303, "{what} in round {round}: {answer:?}");
            for copy in person.copies.iter().step_by(20) {
                eventually(async || copy.clone().get("/api/session").await.status == 401).await;
            }
        });
        let (log_outs, _) = tokio::join!(log_outs, join_all(ends));
        for answer in log_outs {
            assert_eq!(answer.status, 303, "{acts:?}: {answer:?}");
        }
    }
}

/// An app's own transaction, say, that locks in another order.
#[actix_web::test]
async fn a_transaction_that_the_database_ends_to_resolve_a_deadlock_is_run_again() {
    let Some(mut server) = Postgres::start() else { return };
    for what in ACTS {
        let app = App::start_on(&server).await;
        let mut admin = app.admin().await;
        let mut ann = person([&app, &app], "zoe@example.com".to_owned()).await;
        let mut rival = app.database.connect().await;
        // PostgreSQL then ends the transaction of the app.
        rival.execute("SET deadlock_timeout = '1min'").await.unwrap();
        let lock =
            format!("SELECT id FROM waxseal_sessions WHERE user_id = '{}' FOR UPDATE", ann.id);
        rival.execute("BEGIN").await.unwrap();
        rival.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
        // `others` locks no row of the user.
        let and_then = match what {
            "others" => format!("SELECT pg_advisory_xact_lock({})", user_lock(&app, &ann.id).await),
            _ => format!("SELECT id FROM users WHERE id = '{}' FOR UPDATE", ann.id),
        };
        let acting = async {
            let answer = act(what, &mut ann, &mut admin).await;
            assert_eq!(answer.status, 303, "{what}: {}", server.log());
        };
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE wait_event_type = 'Lock' AND datname = 'postgres'";
        let crossing = async {
            eventually(async || server.sql(waiting) != "0").await;
            rival.execute(sqlx::AssertSqlSafe(and_then)).await.unwrap();
            rival.execute("COMMIT").await.unwrap();
        };
        tokio::join!(acting, crossing);
        assert!(server.log().contains("deadlock detected"), "{what}");
        drop(app);
        // With an empty log.
        server.stop();
        server.start_again();
    }
}

/// The clean-up has found the row by its old time, and waits for the change.
#[actix_web::test]
async fn a_change_of_address_during_the_clean_up_can_still_be_undone() {
    let Some(server) = Postgres::start() else { return };
    let app = App::start_on(&server).await;
    app.signed_up(EMAIL).await;
    let before = "UPDATE users SET previous_email = 'old@example.com', undo_until = 1";
    app.database.execute(before, &[]).await;
    // The clean-up deletes these next.
    app.database.execute("UPDATE login_events SET at = 1", &[]).await;
    let mut rival = app.database.connect().await;
    rival.execute("BEGIN").await.unwrap();
    rival.execute("UPDATE users SET undo_until = 9000000000").await.unwrap();
    app.clock.elapse(HOUR);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    eventually(async || server.sql(waiting) != "0").await;
    rival.execute("COMMIT").await.unwrap();
    eventually(async || app.database.number("SELECT COUNT(*) FROM login_events").await == 0).await;
    let kept = "SELECT COUNT(*) FROM users WHERE previous_email IS NOT NULL";
    assert_eq!(app.database.number(kept).await, 1);
}

/// The key of the lock that keeps a user's sessions from being created or revoked.
async fn user_lock(app: &App, user: &str) -> i64 {
    let key = format!(
        "SELECT ('x' || substr(encode(sha256(convert_to('waxseal session {user}', 'UTF8')), 'hex'),
            1, 16))::bit(64)::bigint"
    );
    app.database.number(&key).await
}

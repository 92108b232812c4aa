//! LISTEN and NOTIFY: what one node revokes, the others hear of as it happens; and where that
//! fails, with their next poll.

use serde_json::json;
use test_support::{App, Client, DAY, EMAIL, Postgres, SECOND, SECRET, eventually};
use waxseal_session::{Keyring, Secret, SessionId, Timestamp};

use crate::{
    node_on,
    wire::{Kind, Wire},
};

/// No clock is stepped, so nothing is polled.
#[actix_web::test]
async fn a_log_out_is_heard_of_elsewhere_as_it_happens() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let other = app.another_node(&[]).await;
    for path in ["/logout", "/api/logout"] {
        let mut ann = app.signed_up(&format!("{}@example.com", path.replace('/', ""))).await;
        let mut thief = ann.clone();
        thief.move_to(&other);
        assert!(thief.is_logged_in().await);
        ann.post(path, &[]).await;
        eventually(async || !thief.clone().is_logged_in().await).await;
    }
}

#[actix_web::test]
async fn more_sessions_than_one_notification_can_name_are_all_heard_of() {
    const SESSIONS: usize = 450;
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let other = app.another_node(&[]).await;
    let mut ann = app.signed_up(EMAIL).await;
    let thieves = open_sessions(&app, &other, EMAIL, SESSIONS).await;
    assert!(thieves[0].clone().is_logged_in().await);
    assert_eq!(ann.post("/sessions/revoke-others", &[]).await.redirects_to(), "/sessions");
    for thief in thieves.iter().step_by(50).chain(thieves.last()) {
        eventually(async || !thief.clone().is_logged_in().await).await;
    }
    ann.move_to(&other);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn after_the_connection_was_cut_it_listens_again_and_has_missed_nothing() {
    let Some(server) = Postgres::start() else { return };
    let app = App::start_on(&server).await;
    let wire = Wire::to(server.port(), Kind::Honest);
    let over_wire = wire.url(&app.database.url());
    let other = app.another_node(&[("DATABASE_URL", &over_wire)]).await;
    let listeners = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    eventually(async || server.sql(listeners) == "2").await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut bob = app.signed_up("bob@example.com").await;
    let (mut anns_thief, mut bobs_thief) = (ann.clone(), bob.clone());
    anns_thief.move_to(&other);
    bobs_thief.move_to(&other);
    assert!(anns_thief.is_logged_in().await && bobs_thief.is_logged_in().await);

    wire.freeze(true);
    wire.cut();
    ann.log_out().await;
    wire.freeze(false);
    // It continues on a new connection, and reads what was committed meanwhile.
    eventually(async || server.sql(listeners) == "1").await;
    eventually(async || {
        app.clock.elapse(SECOND);
        server.sql(listeners) == "2"
    })
    .await;
    eventually(async || !anns_thief.clone().is_logged_in().await).await;
    // And what comes after, it hears as it happens.
    bob.log_out().await;
    eventually(async || !bobs_thief.clone().is_logged_in().await).await;
}

#[actix_web::test]
async fn a_notification_that_is_lost_is_made_up_for_by_the_next_poll() {
    let Some(server) = Postgres::shared() else { return };
    let app = App::start_on(server).await;
    let wire = Wire::to(server.port(), Kind::WithoutNotifications);
    let over_wire = wire.url(&app.database.url());
    let other = app.another_node(&[("DATABASE_URL", &over_wire)]).await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    thief.move_to(&other);
    ann.log_out().await;
    assert!(thief.is_logged_in().await, "not heard of yet");
    app.clock.elapse(SECOND);
    eventually(async || !thief.clone().is_logged_in().await).await;
}

/// On the clock of the machine: it takes a second or two.
#[actix_web::test]
async fn where_notifications_do_not_come_through_the_log_says_so_once_and_polling_serves() {
    let Some(server) = Postgres::shared() else { return };
    for (kind, why) in [
        (Kind::WithoutNotifications, "a pooler in transaction mode"),
        (Kind::WithoutListen, "LISTEN is refused"),
    ] {
        let app = App::start_on(server).await;
        let wire = Wire::to(server.port(), kind);
        let node = node_on(&wire.url(&app.database.url())).serve();
        let said = node.wait_for("LISTEN failed, polling every second");
        assert!(said.contains(why), "{said}");
        // The process has a clock of its own, long before the one of the tests.
        let ann = node.client().signed_up(EMAIL).await;
        let revoke = format!(
            "UPDATE waxseal_sessions SET revoked_at = auth_time, revoked_seq = {}",
            app.database.next_in_order()
        );
        assert_eq!(app.database.execute(&revoke, &[]).await, 1);
        eventually(async || ann.clone().get("/api/session").await.status == 401).await;
        let log = node.log();
        assert_eq!(log.iter().filter(|line| line.contains("polling every second")).count(), 1);
    }
}

/// Sessions of a user, opened behind the application's back, as browsers of another
/// node.
pub async fn open_sessions(app: &App, other: &App, email: &str, number: usize) -> Vec<Client> {
    let user = app.id_of(email).await;
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let (now, state) = (app.clock.now(), json!({"user_id": user, "role": "user"}));
    let expires_at: Timestamp = now + 7 * DAY;
    let mut browsers = Vec::new();
    for _ in 0..number {
        let id = SessionId::random().to_string();
        let insert = "INSERT INTO waxseal_sessions (id, user_id, state, auth_time, last_seen, expires_at,
                        latest_expiry)
                      VALUES ($1, $2, $3, CAST($4 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT),
                        CAST($5 AS BIGINT))";
        let (began, ends) = (now.as_unix().to_string(), expires_at.as_unix().to_string());
        let values = [id.as_str(), &user, &state.to_string(), &began, &ends];
        app.database.execute(insert, &values).await;
        let claims =
            json!({"sid": id, "auth_time": now, "iat": now, "exp": expires_at, "state": state});
        let mut browser = app.client();
        browser.move_to(other);
        browser
            .set_cookie("waxseal", &keyring.seal("session:waxseal", claims.to_string().as_bytes()));
        browsers.push(browser);
    }
    browsers
}

//! Revocations that nodes could miss: commits that come late, revokers whose clocks are wrong, lost rows.
//! These nodes only poll: the wire to PostgreSQL delivers no notifications.

use std::sync::Arc;

use actix_web::rt::{task::spawn_blocking, time::sleep};
use test_support::{App, Client, Database, EMAIL, Postgres, SECOND, START, eventually};
use waxseal_session::Clock;

use crate::{
    node_on,
    wire::{Kind, Wire},
};

/// A database, and what nodes reach it by.
struct Place {
    database: Arc<Database>,
    wire: Option<Wire>,
}

impl Place {
    fn sqlite() -> Self {
        Self { database: Arc::new(Database::sqlite()), wire: None }
    }

    fn postgres(server: &Postgres) -> Self {
        let wire = Wire::to(server.port(), Kind::WithoutNotifications);
        Self { database: Arc::new(Database::on(server)), wire: Some(wire) }
    }

    /// One on each engine.
    fn all() -> Vec<Self> {
        [Some(Self::sqlite()), Postgres::shared().map(Self::postgres)]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn node(&self, clock: &Clock) -> App {
        let url = self.database.url();
        let url = self.wire.as_ref().map_or_else(|| url.clone(), |wire| wire.url(&url));
        App::launch(Arc::clone(&self.database), clock.clone(), &[("DATABASE_URL", &url)]).await
    }

    /// Runs a command of the command line, whose clock is the machine's. Returns whether it succeeded.
    async fn command(&self, arguments: &[&str]) -> bool {
        let url = self.database.url();
        let arguments: Vec<String> =
            arguments.iter().map(|argument| (*argument).to_owned()).collect();
        spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            node_on(&url).run(&arguments).code == Some(0)
        })
        .await
        .unwrap()
    }

    /// Revokes this session as if nodes that run had missed it: in a place that they have passed.
    async fn revoke_unheard(&self, session: &str) {
        let sql =
            "UPDATE waxseal_sessions SET revoked_at = auth_time, revoked_seq = 0 WHERE id = $1";
        assert_eq!(self.database.execute(sql, &[session]).await, 1);
    }
}

/// The same cookies at another node.
fn at(node: &App, client: &Client) -> Client {
    let mut client = client.clone();
    client.move_to(node);
    client
}

async fn is_accepted(client: &Client) -> bool {
    client.clone().get("/api/session").await.status == 200
}

/// Time passes, and both nodes poll again and again.
async fn minutes_pass(nodes: [&App; 2]) {
    for _ in 0..15 {
        nodes[0].clock.elapse(5 * SECOND);
        for node in nodes {
            eventually(async || node.client().get("/readyz").await.status == 200).await;
        }
        sleep(SECOND / 50).await;
    }
}

/// Commits wait for a standby of this name; for none if it is empty.
async fn set_standby(server: &Postgres, name: &str) {
    server.sql(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
    server.sql("SELECT pg_reload_conf()");
    eventually(async || server.sql("SHOW synchronous_standby_names") == name).await;
}

/// It has the time-out of a transaction, and takes effect when the standby is back.
#[actix_web::test]
async fn a_log_out_whose_commit_is_not_confirmed_says_so_in_the_log() {
    let Some(server) = Postgres::start() else { return };
    let node = node_on(&server.url()).serve();
    let mut ann = node.client().signed_up(EMAIL).await;
    set_standby(&server, "none").await;
    assert_eq!(ann.log_out().await.status, 503);
    node.wait_for("the database did not confirm the commit in time: the change may take effect");
    set_standby(&server, "").await;
    eventually(async || !is_accepted(&ann).await).await;
}

/// A standby that confirms every commit is not there: commits wait, and no one sees them.
#[actix_web::test]
async fn a_revocation_whose_commit_is_held_back_for_over_a_minute_ends_the_session_on_both_nodes() {
    let Some(server) = Postgres::start() else { return };
    let (place, clock) = (Place::postgres(&server), Clock::manual(START));
    let (one, other) = (place.node(&clock).await, place.node(&clock).await);
    for revoker in ["log-out", "command line"] {
        let email = |name: &str| format!("{name}-{}@example.com", revoker.replace(' ', "-"));
        let mut ann = one.signed_up(&email("ann")).await;
        let session = ann.session_id().await;
        let punctual = one.signed_up(&email("bob")).await;
        let copies = [at(&one, &ann), at(&other, &ann)];
        assert!(is_accepted(&copies[0]).await && is_accepted(&copies[1]).await);

        set_standby(&server, "absent").await;
        // There is no answer in time.
        match revoker {
            "log-out" => assert_eq!(ann.log_out().await.status, 503),
            _ => assert!(!place.command(&["session", "revoke", &session]).await),
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        assert_eq!(server.sql(waiting), "1");
        // It began later, and is seen at once.
        revoke_punctually(&server, &place, &punctual.clone().session_id().await);
        clock.elapse(SECOND);
        eventually(async || !is_accepted(&punctual).await).await;
        minutes_pass([&one, &other]).await;
        assert!(is_accepted(&copies[0]).await && is_accepted(&copies[1]).await, "not committed");

        set_standby(&server, "").await;
        clock.elapse(SECOND);
        for copy in &copies {
            eventually(async || !is_accepted(copy).await).await;
        }
    }
}

/// Revokes a session without waiting for a standby.
fn revoke_punctually(server: &Postgres, place: &Place, session: &str) {
    server.sql(&format!(
        "SET synchronous_commit = local; UPDATE {}.waxseal_sessions
         SET revoked_at = auth_time, revoked_seq = {} WHERE id = '{session}'",
        schema(&place.database),
        place.database.next_in_order()
    ));
}

fn schema(database: &Database) -> String {
    database.url().rsplit('=').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_node_whose_clock_is_70_seconds_behind_is_heard_of() {
    for place in Place::all() {
        let (on_time, behind) = (Clock::manual(START), Clock::manual(START - 70 * SECOND));
        let (node, revoker) = (place.node(&on_time).await, place.node(&behind).await);
        let mut ann = revoker.signed_up(EMAIL).await;
        let copy = at(&node, &ann);
        assert!(is_accepted(&copy).await);
        // Someone else's, whose time is later.
        node.signed_up("bob@example.com").await.log_out().await;
        minutes_pass([&node, &node]).await;
        ann.log_out().await;
        on_time.elapse(SECOND);
        eventually(async || !is_accepted(&copy).await).await;
    }
}

/// The command line goes by the clock of its machine, here 70 seconds behind the nodes'.
#[actix_web::test]
async fn the_command_line_with_a_clock_that_is_behind_is_heard_of_even_if_it_revokes_again() {
    for place in Place::all() {
        for command in [&["session", "revoke"], &["user", "revoke-sessions"]] {
            for was_revoked in [false, true] {
                let clock = Clock::manual(Clock::system().now() + 70 * SECOND);
                let node = place.node(&clock).await;
                let email = format!("{}{was_revoked}@example.com", command[0]);
                let mut ann = node.signed_up(&email).await;
                let session = ann.session_id().await;
                node.signed_up(&format!("x{email}")).await.log_out().await;
                minutes_pass([&node, &node]).await;
                if was_revoked {
                    place.revoke_unheard(&session).await;
                    minutes_pass([&node, &node]).await;
                }
                assert!(is_accepted(&ann).await);
                let target = if command[0] == "session" { &session } else { &email };
                assert!(place.command(&[command[0], command[1], target]).await);
                clock.elapse(SECOND);
                eventually(async || !is_accepted(&ann).await).await;
            }
        }
    }
}

#[actix_web::test]
async fn logging_out_again_is_heard_of_by_a_node_that_missed_the_first_time() {
    for place in Place::all() {
        for path in ["/logout", "/api/logout"] {
            let clock = Clock::manual(START);
            let late = place.node(&clock).await;
            let email = format!("ann{}@example.com", path.replace('/', ""));
            let mut ann = late.signed_up(&email).await;
            late.signed_up(&format!("x{email}")).await.log_out().await;
            minutes_pass([&late, &late]).await;
            place.revoke_unheard(&ann.session_id().await).await;
            // This one reads all of them when it starts.
            let node = place.node(&clock).await;
            let mut there = at(&node, &ann);
            assert!(!is_accepted(&there).await && is_accepted(&ann).await, "{path}");
            let mut again = ann.clone();
            again.move_to(&node);
            assert!(there.post(path, &[]).await.status.as_u16() < 400);
            clock.elapse(SECOND);
            eventually(async || !is_accepted(&ann).await).await;
            assert!(!ann.is_logged_in().await);
        }
    }
}

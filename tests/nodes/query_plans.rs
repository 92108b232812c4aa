//! Every query goes by an index, on both engines: what the server asks on a walk through all pages is
//! read from PostgreSQL's log, and both engines are asked how they would find it.

use std::{collections::BTreeSet, time::Duration};

use sqlx::{AnyConnection, AssertSqlSafe, Executor, Row};
use test_support::{App, Client, DAY, EMAIL, HOUR, PASSWORD, Postgres, eventually};

const NEW: &str = "orange ladder seventy geese";

#[actix_web::test]
async fn every_query_goes_by_an_index() {
    let Some(server) = Postgres::start() else { return };
    server.sql("ALTER SYSTEM SET log_statement = 'all'");
    server.sql("SELECT pg_reload_conf()");
    eventually(async || server.sql("SHOW log_statement") == "all").await;
    let app = App::start_on(&server).await;
    walk(&app).await;
    let app = app.restart(&[("SESSION_MODE", "database")]).await;
    walk(&app).await;
    let statements = statements(&server.log());
    assert!(statements.len() > 30, "{statements:#?}");

    let sqlite = App::start().await;
    let Some(_file) = sqlite.database.file() else { return };
    for (database, is_postgres) in [(&app.database, true), (&sqlite.database, false)] {
        let mut connection = database.connect().await;
        for statement in &statements {
            // SQLite has no such locks. The catalog is small, and only read at the start.
            if (!is_postgres && statement.contains("FOR UPDATE")) || statement.contains("pg_class")
            {
                continue;
            }
            let plan = match is_postgres {
                true => plan_of_postgres(&mut connection, statement).await,
                false => plan_of_sqlite(&mut connection, &for_sqlite(statement)).await,
            };
            let scans: Vec<_> = plan.iter().filter(|step| is_a_scan(step)).collect();
            assert!(scans.is_empty(), "{statement}\n{plan:#?}");
        }
    }
}

/// Reads every row of a table. (A page of users is cut from the index of their addresses, in its
/// order.)
fn is_a_scan(step: &str) -> bool {
    let in_order = "SCAN users USING COVERING INDEX";
    let not_a_table = ["SCAN listed", "SCAN CONSTANT ROW", "SCAN (subquery"];
    step.contains("Seq Scan")
        || (step.starts_with("SCAN ")
            && !step.starts_with(in_order)
            && !not_a_table.iter().any(|start| step.starts_with(start)))
}

/// Everything that people, administrators and the jobs do.
async fn walk(app: &App) {
    let new_here = app.client().sign_up(EMAIL, PASSWORD).await.status == 303;
    app.database.execute("UPDATE users SET role = 'admin' WHERE email = $1", &[EMAIL]).await;
    let mut ann = log_in(app, EMAIL, if new_here { PASSWORD } else { NEW }).await;
    assert_eq!(app.client().log_in(EMAIL, "wrong").await.status, 422);
    assert_eq!(app.client().log_in("nobody@example.com", "wrong").await.status, 422);
    let mut bob = app.client();
    bob.sign_up("bob@example.com", PASSWORD).await.redirects_to();
    let find = "SELECT id FROM users WHERE email = 'bob@example.com'";
    let bobs_id = app.database.texts(find, &[]).await.remove(0);
    app.clock.advance(6 * DAY);
    let change = [("current_password", PASSWORD), ("new_password", NEW)];
    ann.post("/profile/password", &change).await;
    let mut admin = log_in(app, EMAIL, NEW).await;
    for path in [
        "/profile",
        "/sessions",
        "/sessions?page=2",
        "/logins",
        "/logins?page=2",
        "/admin/users?q=bob",
        "/api/session",
    ] {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
    }
    let of_bob = |what: &str| format!("/admin/users/{bobs_id}/{what}");
    assert_eq!(admin.post(&of_bob("role"), &[("role", "admin")]).await.status, 303);
    assert_eq!(admin.post(&of_bob("revoke-sessions"), &[]).await.status, 303);
    assert_eq!(admin.post("/sessions/AAAAAAAAAAAAAAAAAAAAAA/revoke", &[]).await.status, 404);
    assert_eq!(admin.post("/sessions/revoke-others", &[]).await.status, 303);
    assert_eq!(admin.log_out().await.status, 303);
    let mut bob = log_in(app, "bob@example.com", PASSWORD).await;
    assert_eq!(bob.post("/profile/delete", &[("password", PASSWORD)]).await.status, 303);
    // The jobs: revocations are polled, last visits written, what is over thrown out.
    for _ in 0..3 {
        app.clock.elapse(HOUR);
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn log_in(app: &App, email: &str, password: &str) -> Client {
    let mut browser = app.client();
    // As browsers send it, with the form's id.
    let id = browser.get("/login").await.typed("form").unwrap();
    let form = [("email", email), ("password", password), ("form", &id)];
    assert_eq!(browser.post("/login", &form).await.status, 303, "{email}");
    browser
}

/// The queries among what PostgreSQL was told.
fn statements(log: &str) -> BTreeSet<String> {
    let executed = log.split("LOG:  execute ").skip(1).filter_map(|rest| {
        let (_name, rest) = rest.split_once(": ")?;
        // A statement's further lines begin with a tab.
        let lines: Vec<&str> = rest.split('\n').map(str::trim_end).collect();
        let more = lines.iter().skip(1).take_while(|line| line.starts_with('\t'));
        Some([lines[0]].into_iter().chain(more.copied()).collect::<Vec<_>>().join("\n"))
    });
    let ours = |statement: &String| {
        let tables = ["users", "sessions", "login_events", "login_failures"];
        let query = ["SELECT", "UPDATE", "DELETE", "INSERT"];
        query.iter().any(|verb| statement.starts_with(verb))
            && tables.iter().any(|table| statement.contains(table))
            && !statement.contains("pg_catalog")
    };
    executed.filter(ours).collect()
}

/// How PostgreSQL would go about it, if it could not read a whole table.
async fn plan_of_postgres(connection: &mut AnyConnection, statement: &str) -> Vec<String> {
    let parameters = (1..20).take_while(|number| statement.contains(&format!("${number}"))).count();
    let nulls = vec!["NULL"; parameters].join(",");
    let arguments = if parameters == 0 { String::new() } else { format!("({nulls})") };
    let prepare = format!(
        "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; \
         DEALLOCATE ALL; PREPARE asked AS {statement}"
    );
    connection.execute(AssertSqlSafe(prepare)).await.unwrap();
    let explain = format!("EXPLAIN EXECUTE asked{arguments}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0).trim().to_owned()).collect()
}

/// The same statement with SQLite's numbers of revocations in place of transaction ids.
fn for_sqlite(statement: &str) -> String {
    let next =
        "(SELECT COALESCE(MAX(revoked_seq), 0) + 1 FROM waxseal_sessions WHERE revoked_seq >= 0)";
    statement
        .replace("CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)", next)
        .replace("CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)", "9")
}

async fn plan_of_sqlite(connection: &mut AnyConnection, statement: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

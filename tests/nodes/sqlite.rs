//! What can happen to a file: another process locks it, the disk is full.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use actix_web::rt;
use sqlx::{AnyConnection, Executor};
use test_support::{Answer, App, EMAIL, PASSWORD, SECOND, eventually, skip_test, waxseal};

#[actix_web::test]
async fn a_lock_of_another_process_is_waited_for() {
    let app = App::start().await;
    let Some(mut other) = writer(&app).await else { return };
    let mut visitor = app.client();
    let sign_up = rt::spawn(async move { visitor.sign_up(EMAIL, PASSWORD).await });
    // Readers don't wait, nor does who writes keep them.
    for _ in 0..50 {
        assert_eq!(app.client().log_in("bob@example.com", "").await.status, 422);
    }
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(sign_up.await.unwrap().redirects_to(), "/profile");
}

#[actix_web::test]
async fn a_lock_that_stays_is_a_503_and_sessions_go_on() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let Some(mut other) = writer(&app).await else { return };
    assert_try_again(&app.client().log_in(EMAIL, PASSWORD).await);
    assert_try_again(&ann.log_out().await);
    assert_eq!(ann.get("/profile").await.status, 200);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(ann.log_out().await.redirects_to(), "/login");
}

/// A disk of 16 MiB, in memory. Only root can make one: otherwise this is left out.
#[actix_web::test]
async fn on_a_full_disk_nothing_acknowledged_is_lost_and_all_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path()) else { return };
    let database = format!("sqlite://{}", folder.path().join("waxseal.db").display());
    let app = App::start_with(&[("DATABASE_URL", &database)]).await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut acknowledged = Vec::new();
    for (round, polls_while_full) in [0, 5, 0].into_iter().enumerate() {
        let ballast = folder.path().join("ballast");
        let fill = Command::new("dd")
            .args(["if=/dev/zero", &format!("of={}", ballast.display()), "bs=4096"])
            .stderr(Stdio::null())
            .status();
        assert!(!fill.unwrap().success(), "the disk is full");
        let refused = loop {
            let email = format!("person{}@example.com", acknowledged.len());
            let answer = app.client().sign_up(&email, PASSWORD).await;
            if answer.status != 303 {
                break answer;
            }
            acknowledged.push(email);
        };
        assert_try_again(&refused);
        for _ in 0..polls_while_full {
            app.clock.elapse(SECOND);
            assert_eq!(ann.get("/profile").await.status, 200);
        }
        assert_eq!(ann.get("/profile").await.status, 200);
        if round == 0 {
            // Later a poll may just have found room for what little it writes.
            let readiness = app.client().get("/readyz").await;
            assert!(says(&readiness, r#""database":"not writable""#), "{readiness:?}");
        }

        fs::remove_file(ballast).unwrap();
        eventually(async || {
            app.clock.elapse(SECOND);
            says(&app.client().get("/readyz").await, "\"ready\":true")
        })
        .await;
        // On every connection: none is left in a transaction that has failed.
        for _ in 0..10 {
            assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 303);
        }
    }
    for email in &acknowledged {
        assert_eq!(app.client().log_in(email, PASSWORD).await.status, 303, "{email}");
    }
    drop(app);
    drop(disk);
}

/// What is written to a file that no one can open any more would be lost.
#[actix_web::test]
async fn a_file_that_was_removed_replaced_or_moved_takes_no_more_writes_until_it_is_back() {
    let waxseal = waxseal!();
    let file = |name: &str| waxseal.folder().join(name);
    fs::create_dir(file("data")).unwrap();
    let node = waxseal.serve_with(&["--database-url", "sqlite://data/waxseal.db"], &[]);
    let mut ann = node.client().signed_up(EMAIL).await;
    for (from, to, is_replaced) in [
        ("data/waxseal.db", "elsewhere.db", false),
        ("data/waxseal.db", "elsewhere.db", true),
        ("data", "elsewhere", false),
    ] {
        fs::rename(file(from), file(to)).unwrap();
        if is_replaced {
            fs::copy(file(to), file(from)).unwrap();
        }
        assert_try_again(&node.client().sign_up("bob@example.com", PASSWORD).await);
        assert_try_again(&ann.log_out().await);
        assert_eq!(ann.get("/api/session").await.status, 200);
        let state = r#""database":"file removed or replaced""#;
        eventually(async || says(&node.client().get("/readyz").await, state)).await;
        fs::rename(file(to), file(from)).unwrap();
        eventually(async || says(&node.client().get("/readyz").await, "\"ready\":true")).await;
        node.client().logged_in(EMAIL).await;
    }
    node.client().signed_up("bob@example.com").await;
    let log = node.stop();
    let told = log.iter().filter(|line| line.contains("database: writes are refused: "));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 3, "{log:#?}");
    assert!(told[0].contains("data/waxseal.db was removed or replaced"), "{log:#?}");
}

/// As the system makes it after an error. Only root can do that: otherwise this is left out.
#[actix_web::test]
async fn a_disk_that_becomes_read_only_is_told_and_all_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("waxseal.db").display());
    let app = App::start_with(&[("DATABASE_URL", &database)]).await;
    let mut ann = app.signed_up(EMAIL).await;
    let Some(disk) = Disk::read_only(folder.path()) else { return };
    app.clock.elapse(SECOND);
    let state = r#""database":"not writable""#;
    eventually(async || says(&app.client().get("/readyz").await, state)).await;
    assert_try_again(&app.client().sign_up("bob@example.com", PASSWORD).await);
    assert_try_again(&ann.log_out().await);
    assert_eq!(ann.get("/profile").await.status, 200);

    drop(disk);
    app.clock.elapse(SECOND);
    eventually(async || says(&app.client().get("/readyz").await, "\"ready\":true")).await;
    app.client().signed_up("bob@example.com").await;
    assert_eq!(ann.log_out().await.redirects_to(), "/login");
}

/// The latest commits are in it.
#[actix_web::test]
async fn nothing_is_acknowledged_while_the_wal_file_is_gone() {
    let waxseal = waxseal!();
    let [wal, elsewhere] = ["waxseal.db-wal", "elsewhere"].map(|name| waxseal.folder().join(name));
    let node = waxseal.serve();
    node.client().signed_up(EMAIL).await;
    fs::rename(&wal, &elsewhere).unwrap();
    assert_try_again(&node.client().sign_up("bob@example.com", PASSWORD).await);
    fs::rename(&elsewhere, &wal).unwrap();
    node.client().signed_up("cy@example.com").await;
}

fn says(readiness: &Answer, state: &str) -> bool {
    let is_ready = readiness.body.contains("\"ready\":true");
    assert_eq!(readiness.status == 200, is_ready, "{readiness:?}");
    readiness.body.contains(state)
}

/// The command line is another process on the same file.
#[actix_web::test]
async fn what_the_command_line_revokes_a_running_server_refuses() {
    let waxseal = waxseal!();
    let node = waxseal.serve();
    let ann = node.client().signed_up(EMAIL).await;
    waxseal.run(&["user", "revoke-sessions", EMAIL]).success();
    eventually(async || ann.clone().get("/api/session").await.status == 401).await;
}

/// Another process that has begun to write, and holds the lock. `None` where the database is no
/// file.
async fn writer(app: &App) -> Option<AnyConnection> {
    app.database.file()?;
    let mut connection = app.database.connect().await;
    connection.execute("BEGIN IMMEDIATE").await.unwrap();
    Some(connection)
}

fn assert_try_again(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"), "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(arguments).arg(folder).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        let mounted = mount(&["-t", "tmpfs", "-o", "size=16m", "tmpfs"], folder);
        if !mounted {
            skip_test("DISK", "only root can mount a disk that is small enough to fill");
        }
        mounted.then_some(Self(folder))
    }

    /// The same files in the same place, read-only.
    fn read_only(folder: &'a Path) -> Option<Self> {
        let name = folder.to_str().unwrap();
        let mounted = mount(&["--bind", name], folder);
        if !mounted {
            skip_test("DISK", "only root can make a disk read-only");
            return None;
        }
        let disk = Self(folder);
        mount(&["-o", "remount,ro,bind"], folder).then_some(disk)
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg(self.0).status();
    }
}

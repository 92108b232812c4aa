//! The database, as operators meet it: what is said where it can't be opened, and what is in the file.
//!
//! What needs PostgreSQL, or root, is left out where it is missing, and says so.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use actix_web::rt::System;
use sqlx::{AnyConnection, Connection};
use test_support::{EMAIL, Finished, PASSWORD, Postgres, Program, SECRET, skip_test, waxseal};

const FORM: &str = "email=ann%40example.com&password=violet+anvil+forty+marmots";

/// Commands that open the database, and create a SQLite file where it is missing.
const COMMANDS: [&[&str]; 2] = [&["serve"], &["user", "add", EMAIL]];

#[test]
fn a_sqlite_file_that_cannot_be_opened_is_one_sentence_with_its_path() {
    let waxseal = waxseal!();
    fs::create_dir(waxseal.folder().join("folder")).unwrap();
    waxseal.write("text.db", &"this is no database".repeat(100));
    for (path, sentence) in [
        ("none/waxseal.db", "the directory of none/waxseal.db does not exist: create none"),
        ("text.db/waxseal.db", "the directory of text.db/waxseal.db does not exist"),
        ("folder", "folder is a directory, not a file"),
        ("text.db", "text.db is not a SQLite database"),
    ] {
        refuses(&waxseal, &format!("sqlite://{path}"), sentence);
    }
}

#[test]
fn a_database_that_another_version_has_changed_is_told_apart() {
    let waxseal = waxseal!();
    waxseal.run_with_input(&["user", "add", EMAIL], PASSWORD).success();
    let url = waxseal.database_url();
    for (table, component) in [("_waxseal_migrations", 2), ("_waxseal_session_migrations", 7)] {
        let newer = format!(
            "INSERT INTO {table} (version, description, success, checksum, execution_time)
             VALUES ({component}, 'later', TRUE, x'00', 0)"
        );
        execute(&url, &newer);
        let sentence =
            format!("the database was used by a newer version (migration {component} in {table})");
        refuses(&waxseal, &url, &sentence);
        execute(&url, &format!("DELETE FROM {table} WHERE version = {component}"));
    }
    execute(&url, "UPDATE _waxseal_migrations SET checksum = x'00'");
    refuses(&waxseal, &url, "the database was migrated by another build: its migration 1 ");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let waxseal = waxseal!();
    let url = waxseal.database_url();
    fs::write(waxseal.folder().join("waxseal.db"), "").unwrap();
    execute(&url, "CREATE TABLE users (name TEXT)");
    let before = fs::read(waxseal.folder().join("waxseal.db")).unwrap();
    refuses(&waxseal, &url, "has a table \"users\" that isn't waxseal's");
    let checked =
        waxseal.run_with(&["check"], &[("DATABASE_URL", &url), ("LISTEN", "127.0.0.1:0")]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.stdout.contains("that isn't waxseal's"), "{}", checked.stdout);
    assert_eq!(fs::read(waxseal.folder().join("waxseal.db")).unwrap(), before);
}

#[test]
fn tables_of_another_user_are_reported_with_what_fixes_it() {
    let Some(server) = Postgres::start() else { return };
    let waxseal = waxseal!();
    let url = server.url();
    server.sql("CREATE TABLE public.users (name TEXT)");
    refuses(&waxseal, &url, "has a table \"users\" that isn't waxseal's");
    assert_eq!(server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
    server.sql("DROP TABLE public.users");
    waxseal.serve_with(&[], &[("DATABASE_URL", &url)]).stop();
    server.sql("CREATE ROLE guest LOGIN; GRANT CREATE ON SCHEMA public TO guest");
    let guest = url.replace("postgres@", "guest@");
    refuses(&waxseal, &guest, "user \"guest\" may not use the tables (table \"");
    server.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest");
    refuses(&waxseal, &guest, "ALTER TABLE … OWNER TO \"guest\"");
    let checked = waxseal.run_with(&["check"], &[("DATABASE_URL", &guest)]);
    assert!(checked.stdout.contains("error    DATABASE_URL: user \"guest\" may not use"));
    server.sql("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest");
    waxseal.run_with(&["user", "list"], &[("DATABASE_URL", &guest)]).success();
}

#[test]
fn a_database_is_created_only_for_a_good_password_and_with_a_word() {
    let waxseal = waxseal!();
    for password in ["", "short"] {
        waxseal.run_with_input(&["user", "add", EMAIL], password).refusal();
        assert!(!waxseal.folder().join("waxseal.db").exists(), "{password:?}");
    }
    let added = waxseal.run_with_input(&["user", "add", EMAIL], PASSWORD);
    let file = waxseal.folder().join("waxseal.db");
    let created = format!("created the database {}", file.display());
    assert!(added.stderr.contains(&created), "{}", added.stderr);
}

#[test]
fn missing_permissions_are_told_with_the_file_or_the_directory() {
    let waxseal = waxseal!();
    let url = waxseal.database_url();
    let file = waxseal.folder().join("waxseal.db");
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(waxseal.folder(), 0o555);
    let sentence = format!("no permission to create files in {}: ", waxseal.folder().display());
    refuses_stranger(&waxseal, &url, &sentence);
    set_mode(waxseal.folder(), 0o755);
    fs::write(&file, "").unwrap();
    set_mode(waxseal.folder(), 0o555);
    for (mode, sentence) in [
        (0o444, format!("no permission to read and write {}", file.display())),
        (0o000, format!("no permission to read and write {}", file.display())),
        (0o666, sentence),
    ] {
        set_mode(&file, mode);
        refuses_stranger(&waxseal, &url, &sentence);
    }
    set_mode(waxseal.folder(), 0o755);
}

#[test]
fn a_disk_that_is_read_only_or_full_is_told_at_the_start() {
    let waxseal = waxseal!();
    let disk = waxseal.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let Some(full) = Disk::mount(&disk, "size=1m") else { return };
    let ballast = format!("of={}", disk.join("ballast").display());
    Command::new("dd").args(["if=/dev/zero", &ballast]).stderr(Stdio::null()).status().unwrap();
    refuses(
        &waxseal,
        "sqlite://disk/waxseal.db",
        "no space is left on the disk of disk/waxseal.db",
    );
    drop(full);
    let _read_only = Disk::mount(&disk, "ro").unwrap();
    refuses(&waxseal, "sqlite://disk/waxseal.db", "disk/waxseal.db is on a read-only file system");
}

#[test]
fn after_a_clean_stop_the_file_alone_is_complete() {
    let waxseal = waxseal!().set("SESSION_SECRET", SECRET);
    let server = waxseal.serve();
    assert_eq!(server.post("/signup", &[], FORM).status, 303);
    server.stop();
    for beside in ["waxseal.db-wal", "waxseal.db-shm"] {
        assert!(!waxseal.folder().join(beside).exists(), "{beside}");
    }
    let copy = copy_of(&waxseal);
    assert_eq!(copy.serve().post("/login", &[], FORM).status, 303);
}

#[test]
fn a_copy_of_the_file_has_what_a_command_has_just_done() {
    for has_server in [false, true] {
        let waxseal = waxseal!();
        let server = has_server.then(|| waxseal.serve());
        waxseal.run_with_input(&["user", "add", EMAIL], PASSWORD).success();
        assert!(copy_of(&waxseal).run(&["user", "list"]).success().contains(EMAIL));
        assert_eq!(waxseal.folder().join("waxseal.db-wal").exists(), server.is_some());
    }
}

#[test]
fn a_postgresql_server_that_cannot_be_used_is_one_sentence_with_what_fixes_it() {
    let Some(server) = Postgres::start() else { return };
    let waxseal = waxseal!();
    let (url, port) = (server.url(), server.port());
    let in_database = |name: &str| format!("{}/{name}", url.strip_suffix("/postgres").unwrap());
    let at = format!("the PostgreSQL server at 127.0.0.1:{port}");
    server.sql("CREATE ROLE stranger LOGIN PASSWORD 'other'");
    server.sql("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    server.require_password_of("stranger");
    for encoding in ["LATIN1", "SQL_ASCII"] {
        server.sql(&format!(
            "CREATE DATABASE {encoding} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        ));
        let url = in_database(&encoding.to_lowercase());
        refuses(&waxseal, &url, &format!("the database's encoding is {encoding}"));
    }
    let as_role = |role: &str| url.replace("postgres@", &format!("{role}@"));
    for (url, sentence) in [
        (as_role("stranger:hunter2"), format!("{at} rejects user \"stranger\" or the password")),
        (as_role("nobody"), format!("{at} rejects user \"nobody\" or the password")),
        (as_role("crowded"), format!("{at} has no connection left for user \"crowded\"")),
        (as_role("crowded"), "DATABASE_CONNECTIONS".to_owned()),
        (in_database("waxseal"), format!("{at} has no database \"waxseal\"")),
        (format!("{url}?sslmode=require"), format!("no TLS connection to {at}, as sslmode")),
        (format!("{url}?sslmode=verify_full"), "sslmode is \"verify_full\", but must".to_owned()),
        (
            format!("{url}?sslrootcert=/none.pem&sslmode=verify-full"),
            "sslrootcert: /none.pem".to_owned(),
        ),
        (url.replace("127.0.0.1", "db.invalid"), format!("the host of db.invalid:{port} is unkn")),
        (url.replace("127.0.0.1", "127.0.0.1,127.0.0.2"), "several hosts".to_owned()),
    ] {
        refuses(&waxseal, &url, &sentence);
    }
    server.sql("CREATE ROLE reader LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    refuses(&waxseal, &as_role("reader"), "GRANT CREATE ON SCHEMA public TO \"reader\"");
    server.sql("ALTER ROLE reader SET default_transaction_read_only = on");
    refuses(&waxseal, &as_role("reader"), &format!("{at} is read-only"));
    server.turn_on_tls();
    let tls = format!("{}?sslmode=verify-full", url.replace("127.0.0.1", "localhost"));
    let certificate = "the certificate of the PostgreSQL server at localhost:";
    refuses(&waxseal, &tls, certificate);
    let unescaped = "postgres://waxseal:hunter2@secretpart/xyz@db/waxseal";
    refuses(&waxseal, unescaped, "a special character is not percent-encoded");
    refuses(&waxseal, &tls, "is not accepted (UnknownIssuer): in the URL, sslrootcert=FILE names");
}

#[test]
fn a_postgresql_server_that_is_not_there_is_one_sentence_with_its_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://waxseal:hunter2@127.0.0.1:{free}/waxseal");
    let sentence = format!("no PostgreSQL server listens at 127.0.0.1:{free}");
    refuses(&waxseal!(), &url, &sentence);
}

#[test]
fn the_number_of_connections_is_checked() {
    for value in ["2", "0", "-1", "1001", "many", "3.5"] {
        let line = waxseal!().run_with(&[], &[("DATABASE_CONNECTIONS", value)]).refusal();
        assert!(line.starts_with("waxseal: DATABASE_CONNECTIONS: "), "{line}");
        assert!(line.ends_with("must be a number from 3 to 1000"), "{line}");
    }
}

/// Asserts that each command fails with one line that names the setting, says this sentence, and no
/// password.
fn refuses(waxseal: &Program, url: &str, sentence: &str) {
    for command in COMMANDS {
        let settings =
            [("DATABASE_URL", url), ("LISTEN", "127.0.0.1:0"), ("SESSION_SECRET", SECRET)];
        let refused = waxseal.run_with(command, &settings);
        assert_says(&refused.refusal(), sentence);
    }
}

/// The same as another user than root, who may do everything.
fn refuses_stranger(waxseal: &Program, url: &str, sentence: &str) {
    for command in COMMANDS {
        let program = waxseal.command(command);
        let mut stranger = Command::new("setpriv");
        stranger.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        stranger.arg(program.get_program()).args(program.get_args());
        stranger.current_dir(waxseal.folder());
        if !Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0\n") {
            stranger = program;
        }
        stranger.env_clear().env("PATH", "/usr/bin:/bin").env("DATABASE_URL", url);
        stranger.env("LISTEN", "127.0.0.1:0").env("SESSION_SECRET", SECRET);
        assert_says(&Finished::of(&mut stranger, "").refusal(), sentence);
    }
}

fn assert_says(line: &str, sentence: &str) {
    assert!(line.starts_with("waxseal: DATABASE_URL: "), "{line}");
    assert!(line.contains(sentence), "{line}\nshould say {sentence}");
    assert!(!line.contains("hunter2"), "{line}");
}

/// A disk in memory.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(folder: &'a Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        skip_test("DISK", "only root can mount a disk that is small enough to fill");
        None
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg(self.0).status();
    }
}

/// A place that has a copy of the database file and nothing else.
fn copy_of(waxseal: &Program) -> Program {
    let copy = waxseal!().set("SESSION_SECRET", SECRET);
    fs::copy(waxseal.folder().join("waxseal.db"), copy.folder().join("waxseal.db")).unwrap();
    copy
}

fn execute(url: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    System::new().block_on(async {
        let mut connection = AnyConnection::connect(url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

//! `waxseal check`.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{self, File},
    net::TcpListener,
    path::Path,
    time::Duration,
};
#[cfg(unix)]
use std::{io::ErrorKind, os::unix::net::UnixListener};

use serde_json::Value;
use test_support::{Finished, Postgres, Program, waxseal};

use crate::{FORM, SECRET};

const HOUR: Duration = Duration::from_secs(3600);

fn program() -> Program {
    waxseal!().set("SESSION_SECRET", SECRET).set("LISTEN", "127.0.0.1:0")
}

/// The lines of the report, and whether the server would start.
fn check(waxseal: &Program, settings: &[(&str, &str)]) -> (Vec<String>, bool) {
    let finished = waxseal.run_with(&["check"], settings);
    let Finished { code, stdout, stderr } = &finished;
    let lines: Vec<String> = stdout.lines().map(str::to_owned).collect();
    let errors = lines.iter().filter(|line| line.starts_with("error    ")).count();
    let expected = match errors {
        0 => String::new(),
        1 => "waxseal: the server would not start: 1 error\n".to_owned(),
        _ => format!("waxseal: the server would not start: {errors} errors\n"),
    };
    assert_eq!((stderr, *code), (&expected, Some(i32::from(errors > 0))), "{finished:?}");
    (lines, errors == 0)
}

#[track_caller]
fn assert_finds(waxseal: &Program, settings: &[(&str, &str)], expected: &str) {
    let (lines, _) = check(waxseal, settings);
    assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected:?}: {lines:#?}");
}

#[test]
fn a_good_setup_is_reported_and_nothing_is_created() {
    let waxseal = program();
    let (lines, starts) = check(&waxseal, &[]);
    let [settings, rest @ ..] = &lines[..] else { panic!("{lines:#?}") };
    assert!(settings.starts_with("ok       settings: development, cookie waxseal, key "));
    let mails = waxseal.folder().join("mails").display().to_string();
    let expected = [
        &format!("ok       MAIL_DIR: mails are written to {mails}"),
        "ok       LISTEN: 127.0.0.1:0 is free",
        "ok       DATABASE_URL: sqlite://waxseal.db would be created",
    ];
    assert_eq!(rest, expected);
    assert!(starts);
    assert_eq!(fs::read_dir(waxseal.folder()).unwrap().count(), 0);

    let server = waxseal.serve();
    server.post("/signup", &[], FORM);
    server.stop();
    assert_finds(&waxseal, &[], "ok       DATABASE_URL: sqlite://waxseal.db is up to date");
    assert_finds(&waxseal, &[], "ok       clock: ");
}

#[test]
fn every_bad_setting_is_an_error_and_no_secret_is_printed() {
    let waxseal = waxseal!();
    let settings = [
        ("APP_ENV", "production"),
        ("LISTEN", "8080"),
        ("DATABASE_URL", "mysql://me:hunter2@db"),
        ("DATABASE_CONNECTIONS", "1"),
        ("SESSION_SECRET", "hunter2hunter2hunter2hunter2hunter2"),
        ("PASSWORD_MIN_LENGTH", "7"),
        ("LOG_FORMAT", "xml"),
        ("SESSION_IDLETIMEOUT", "1h"),
    ];
    let (lines, _) = check(&waxseal, &settings);
    assert!(lines[0].starts_with("warning  SESSION_IDLETIMEOUT: is not a setting"), "{lines:#?}");
    for ((setting, _), line) in settings[1..].iter().zip(&lines[1..]) {
        assert!(line.starts_with(&format!("error    {setting}: ")), "{line}");
    }
    assert_eq!(lines.len(), settings.len() - 1);
    assert!(!lines.join("\n").contains("hunter2"));
    let (lines, _) = check(&waxseal, &[("APP_ENV", "prod"), ("LISTEN", "8080")]);
    assert!(lines.len() == 1 && lines[0].starts_with("error    APP_ENV: "), "{lines:#?}");
}

#[test]
fn json_has_the_same_findings() {
    let waxseal = program();
    let settings = [("SESSION_LIFETIME", "1h"), ("DATABASE_URI", "x")];
    let finished = waxseal.run_with(&["check", "--json"], &settings);
    assert_eq!(finished.code, Some(1));
    let findings: Value = serde_json::from_str(&finished.stdout).unwrap();
    let levels: Vec<_> =
        findings.as_array().unwrap().iter().map(|finding| &finding["level"]).collect();
    assert_eq!(levels, ["warning", "error"]);
    assert_eq!(findings[1]["subject"], "SESSION_LIFETIME");
    assert!(findings[1]["message"].as_str().unwrap().contains("idle timeout"));
    let finished = waxseal.run(&["check", "--json"]).success();
    let findings: Value = serde_json::from_str(&finished).unwrap();
    assert!(findings.as_array().unwrap().iter().all(|finding| finding["level"] == "ok"));
}

#[test]
fn what_would_not_work_is_a_warning_and_serve_tells_it_in_the_same_words() {
    let waxseal = program().set("APP_ENV", "production");
    let (lines, starts) =
        check(&waxseal, &[("PUBLIC_URL", "http://waxseal.lan"), ("METRICS_LISTEN", "0.0.0.0:0")]);
    assert!(starts);
    let warnings: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("warning  ")).collect();
    for setting in ["TRUSTED_PROXIES: is empty", "PUBLIC_URL: is http", "METRICS_LISTEN: anyone"] {
        assert!(warnings.iter().any(|line| line.starts_with(setting)), "{lines:#?}");
    }
    let server = waxseal
        .serve_with(&[], &[("PUBLIC_URL", "http://waxseal.lan"), ("METRICS_LISTEN", "0.0.0.0:0")]);
    for warning in warnings {
        assert!(server.has_logged(&format!("] {warning}")), "{warning}: {:?}", server.log());
    }
    server.stop();
    let good = [
        ("PUBLIC_URL", "https://waxseal.lan"),
        ("METRICS_LISTEN", "127.0.0.1:0"),
        ("TRUSTED_PROXIES", "10.0.0.1"),
    ];
    let (lines, _) = check(&waxseal, &good);
    assert!(lines.iter().all(|line| line.starts_with("ok ")), "{lines:#?}");
}

#[test]
fn a_port_is_free_or_the_server_s_own_or_taken() {
    let waxseal = program();
    let server = waxseal.serve_with(&[], &[("METRICS_LISTEN", "127.0.0.1:0")]);
    let listen = server.address.to_string();
    let metrics = server.metrics_address().unwrap().to_string();
    let running = [("LISTEN", &*listen), ("METRICS_LISTEN", &metrics)];
    let (lines, starts) = check(&waxseal, &running);
    assert!(starts, "{lines:#?}");
    assert_finds(&waxseal, &running, "ok       LISTEN: a waxseal server listens on ");
    server.stop();
    assert_finds(&waxseal, &running, &format!("ok       LISTEN: {listen} is free"));

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    drop(std::thread::spawn(move || other.incoming().for_each(drop)));
    let expected = format!("error    LISTEN: another program listens on {taken}");
    assert_finds(&waxseal, &[("LISTEN", &taken)], &expected);
    let expected = format!("error    METRICS_LISTEN: another program listens on {taken}");
    assert_finds(&waxseal, &[("METRICS_LISTEN", &taken)], &expected);
    let not_here = ("LISTEN", "192.0.2.1:8080");
    let production = ("APP_ENV", "production");
    assert_finds(
        &waxseal,
        &[production, not_here],
        "error    LISTEN: 192.0.2.1:8080 can't be bound",
    );
}

#[cfg(unix)]
#[test]
fn a_socket_is_free_or_the_server_s_own_or_a_file() {
    let waxseal = program().set("TRUSTED_PROXIES", "unix");
    let socket = ("LISTEN", "unix:waxseal.sock");
    assert_finds(&waxseal, &[socket], "ok       LISTEN: unix:waxseal.sock is free");
    let server = waxseal.serve_with(&[], &[socket]);
    let used = "ok       LISTEN: unix:waxseal.sock is in use, as while the server runs or systemd";
    assert_finds(&waxseal, &[socket], used);
    server.kill();
    assert_finds(&waxseal, &[socket], "ok       LISTEN: unix:waxseal.sock is free");
    fs::remove_file(waxseal.folder().join("waxseal.sock")).unwrap();
    waxseal.write("waxseal.sock", "");
    assert_finds(
        &waxseal,
        &[socket],
        "error    LISTEN: unix:waxseal.sock can't be bound: there is a file",
    );
    let nowhere = ("LISTEN", "unix:no/folder.sock");
    assert_finds(&waxseal, &[nowhere], "error    LISTEN: unix:no/folder.sock can't be bound");

    // As systemd holds one: a connection would start the service.
    fs::remove_file(waxseal.folder().join("waxseal.sock")).unwrap();
    let held = UnixListener::bind(waxseal.folder().join("waxseal.sock")).unwrap();
    held.set_nonblocking(true).unwrap();
    assert_finds(&waxseal, &[socket], used);
    assert_eq!(held.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "no one has connected");
}

#[test]
fn a_sqlite_file_is_looked_at_and_left_as_it_is() {
    let waxseal = program();
    let file = waxseal.folder().join("waxseal.db");
    waxseal.write("waxseal.db", "");
    let expected =
        "ok       DATABASE_URL: sqlite://waxseal.db would be migrated: 2 migrations are pending";
    assert_finds(&waxseal, &[], expected);
    assert_eq!(fs::metadata(&file).unwrap().len(), 0);
    waxseal.write("waxseal.db", &"this is no database".repeat(100));
    assert_finds(&waxseal, &[], "error    DATABASE_URL: waxseal.db is not a SQLite database");
    let nowhere = [("DATABASE_URL", "sqlite://no/folder/waxseal.db")];
    assert_finds(
        &waxseal,
        &nowhere,
        "error    DATABASE_URL: the directory of no/folder/waxseal.db",
    );
}

/// The files of a folder and what is in them, but for the index of the WAL: readers share it. Mails are in a folder.
fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .filter(|file| file.file_type().unwrap().is_file())
        .filter(|file| !file.path().to_str().unwrap().ends_with("-shm"))
        .map(|file| (file.file_name(), fs::read(file.path()).unwrap()))
        .collect()
}

#[test]
fn the_wal_of_a_killed_server_is_read_and_stays() {
    let waxseal = program();
    let server = waxseal.serve();
    assert_eq!(server.post("/signup", &[], FORM).status, 303);
    server.kill();
    let before = files(waxseal.folder());
    assert!(before.get(OsStr::new("waxseal.db-wal")).is_some_and(|wal| !wal.is_empty()));
    assert_finds(&waxseal, &[], "ok       DATABASE_URL: sqlite://waxseal.db is up to date");
    assert!(files(waxseal.folder()) == before, "the check has changed files");
}

#[test]
fn beside_a_database_that_was_closed_no_file_is_created() {
    let waxseal = program();
    waxseal.serve().stop();
    let names = || fs::read_dir(waxseal.folder()).unwrap().count();
    let before = (files(waxseal.folder()), names());
    assert_finds(&waxseal, &[], "ok       DATABASE_URL: sqlite://waxseal.db is up to date");
    assert!((files(waxseal.folder()), names()) == before, "the check has changed files");
}

#[cfg(unix)]
#[test]
fn a_database_that_other_users_can_read_is_warned_of_by_the_rule_for_secret_files() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    let waxseal = program();
    let mode = |path: &str, mode| {
        fs::set_permissions(waxseal.folder().join(path), Permissions::from_mode(mode)).unwrap();
    };
    waxseal.write("waxseal.db", "");
    for (folder, file, told) in [(0o755, 0o644, true), (0o755, 0o640, false), (0o700, 0o644, false)]
    {
        mode("waxseal.db", file);
        mode("", folder);
        let (lines, _) = check(&waxseal, &[]);
        let warning =
            "warning  DATABASE_URL: other users can read waxseal.db (mode 644): run chmod 600";
        assert_eq!(lines.iter().any(|line| line == warning), told, "{lines:#?}");
    }
}

#[test]
fn a_database_that_was_written_to_in_the_future_means_that_the_clock_is_behind() {
    let waxseal = program();
    waxseal.serve().stop();
    let file = File::options().append(true).open(waxseal.folder().join("waxseal.db")).unwrap();
    let now = file.metadata().unwrap().modified().unwrap();
    file.set_modified(now + HOUR).unwrap();
    let (lines, starts) = check(&waxseal, &[]);
    assert!(starts);
    let clock = lines.iter().find(|line| line.contains(" clock: ")).unwrap();
    assert!(
        clock.starts_with("warning  clock: is behind: the database was written to 3"),
        "{clock}"
    );
}

#[test]
fn a_postgresql_server_is_looked_at_and_left_as_it_is() {
    let Some(server) = Postgres::shared() else { return };
    let waxseal = program();
    let url = server.url_of_new_schema();
    let settings = [("DATABASE_URL", &*url)];
    let pending = "ok       DATABASE_URL: postgres://… would be migrated: 2 migrations are pending";
    for _ in 0..2 {
        assert_finds(&waxseal, &settings, pending);
    }
    assert_finds(&waxseal, &settings, "ok       clock: agrees with the database's clock");
    waxseal.serve_with(&[], &settings).stop();
    assert_finds(&waxseal, &settings, "ok       DATABASE_URL: postgres://… is up to date");
    let gone = url.replace("/postgres?", "/no_such_database?");
    let expected = "error    DATABASE_URL: the PostgreSQL server at ";
    assert_finds(&waxseal, &[("DATABASE_URL", &gone)], expected);
}

#[test]
fn what_the_user_of_a_postgresql_server_may_not_do_is_told() {
    let Some(server) = Postgres::shared() else { return };
    let waxseal = program();
    let few = server.url_of_new_role("check_few", "CONNECTION LIMIT 5");
    let expected =
        "warning  DATABASE_CONNECTIONS: is 10, but the database allows this user 5 connections";
    assert_finds(&waxseal, &[("DATABASE_URL", &few)], expected);
    let (lines, _) = check(&waxseal, &[("DATABASE_URL", &few), ("DATABASE_CONNECTIONS", "5")]);
    assert!(lines.iter().all(|line| line.starts_with("ok ")), "{lines:#?}");

    let reader = server.url_of_new_role("check_reader", "");
    server.sql("ALTER ROLE check_reader SET default_transaction_read_only = on");
    let expected = "error    DATABASE_URL: the server is read-only";
    assert_finds(&waxseal, &[("DATABASE_URL", &reader)], expected);

    let guest = server.url_of_new_schema().replace("postgres@", "check_guest@");
    server.sql("CREATE ROLE check_guest LOGIN");
    let expected = "error    DATABASE_URL: the user may not create tables";
    assert_finds(&waxseal, &[("DATABASE_URL", &guest)], expected);
}

//! Secrets from files: `NAME_FILE`, and systemd's credentials.

use std::fs;

use test_support::{Program, raw, waxseal};

use crate::{FORM, SECRET};

const OTHER: &str = "another secret that is as long as it";

/// A session of a server with this secret, for `session inspect`.
fn cookie(waxseal: &Program, secret: &str) -> String {
    let server = waxseal.serve_with(&[], &[("SESSION_SECRET", secret)]);
    let answer = match server.post("/login", &[], FORM) {
        answer if answer.status == 303 => answer,
        _ => server.post("/signup", &[], FORM),
    };
    let token = answer.session().unwrap();
    server.stop();
    token
}

#[test]
fn a_secret_is_read_from_its_file_in_every_way_a_setting_is_given() {
    let waxseal = waxseal!();
    let cookie = cookie(&waxseal, SECRET);
    waxseal.write("secret", &format!("{SECRET}\n"));
    let inspect = |arguments: &[&str], settings: &[(&str, &str)]| {
        let arguments = [&["session", "inspect", &cookie], arguments].concat();
        let text = waxseal.run_with(&arguments, settings).success();
        assert!(text.contains("status          live"), "{text}");
    };
    inspect(&[], &[("SESSION_SECRET_FILE", "secret")]);
    inspect(&["--session-secret-file", "secret"], &[]);
    waxseal.write(".env", "SESSION_SECRET_FILE=secret");
    inspect(&[], &[]);
    // An empty setting counts as not given.
    inspect(&[], &[("SESSION_SECRET", "")]);
    let server = waxseal.serve_with(&[], &[("APP_ENV", "")]);
    assert_eq!(server.get("/profile", &[&raw::session(&cookie)]).status, 200);
    assert!(!server.has_logged("SESSION_SECRET: is not set"), "{:?}", server.log());
}

#[test]
fn the_fallbacks_and_the_database_are_read_from_files_too() {
    let waxseal = waxseal!();
    let old = cookie(&waxseal, OTHER);
    for file in ["", "-wal", "-shm"] {
        let at = |name: &str| waxseal.folder().join(format!("{name}.db{file}"));
        let _may_not_exist = fs::rename(at("waxseal"), at("elsewhere"));
    }
    waxseal.write("secret", SECRET);
    // One a line, or with commas.
    for fallbacks in [format!("\n{OTHER}\r\n{SECRET}\n"), format!("{SECRET},{OTHER}\n")] {
        waxseal.write("fallbacks", &fallbacks);
        waxseal.write("url", "sqlite://elsewhere.db\n");
        let server = waxseal.serve_with(
            &[],
            &[
                ("SESSION_SECRET_FILE", "secret"),
                ("SESSION_SECRET_FALLBACKS_FILE", "fallbacks"),
                ("DATABASE_URL_FILE", "url"),
            ],
        );
        assert_eq!(server.get("/profile", &[&raw::session(&old)]).status, 200);
        server.stop();
    }
    let listed = waxseal.run(&["user", "list", "--database-url-file", "url"]).success();
    assert!(listed.contains("ann@example.com"), "{listed}");
    assert!(!waxseal.folder().join("waxseal.db").exists());
}

#[test]
fn credentials_of_systemd_are_used_where_nothing_else_is_set() {
    let waxseal = waxseal!();
    let cookie = cookie(&waxseal, SECRET);
    fs::create_dir(waxseal.folder().join("credentials")).unwrap();
    waxseal.write("credentials/SESSION_SECRET", SECRET);
    waxseal.write("credentials/DATABASE_URL", "sqlite://waxseal.db");
    let directory = ("CREDENTIALS_DIRECTORY", "credentials");
    let status = |settings: &[(&str, &str)]| {
        let text = waxseal.run_with(&["session", "inspect", &cookie], settings).success();
        text.lines().next().unwrap().to_owned()
    };
    assert!(status(&[directory]).contains("live"));
    waxseal.write("other", OTHER);
    for other in [("SESSION_SECRET", OTHER), ("SESSION_SECRET_FILE", "other")] {
        assert!(status(&[directory, other]).contains("unknown key"), "{other:?}");
    }
    waxseal.write("credentials/SESSION_SECRET", " \n");
    let line = waxseal.run_with(&["session", "inspect", &cookie], &[directory]).refusal();
    let start = "waxseal: CREDENTIALS_DIRECTORY: credentials/SESSION_SECRET: it is empty";
    assert_eq!(line, start);
}

#[test]
fn an_emptied_file_of_fallbacks_means_none() {
    let waxseal = waxseal!();
    fs::create_dir(waxseal.folder().join("credentials")).unwrap();
    waxseal.write("credentials/SESSION_SECRET", SECRET);
    waxseal.write("empty", "");
    let old = cookie(&waxseal, OTHER);
    let directory = ("CREDENTIALS_DIRECTORY", "credentials");
    for content in ["", "\n"] {
        waxseal.write("credentials/SESSION_SECRET_FALLBACKS", content);
        for settings in [&[directory][..], &[directory, ("SESSION_SECRET_FALLBACKS_FILE", "empty")]]
        {
            let server = waxseal.serve_with(&[], settings);
            assert_eq!(server.get("/profile", &[&raw::session(&old)]).status, 303);
            server.stop();
        }
    }
}

#[test]
fn a_secret_and_its_file_are_not_both_set() {
    let waxseal = waxseal!();
    waxseal.write("file", SECRET);
    for name in ["SESSION_SECRET", "SESSION_SECRET_FALLBACKS", "DATABASE_URL"] {
        let file = format!("{name}_FILE");
        let line = waxseal.run_with(&[], &[(name, SECRET), (&file, "file")]).refusal();
        let expected = format!("waxseal: {name}: {file} is set too; only one of them can be");
        assert_eq!(line, expected);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_one_line_with_the_setting_and_the_path() {
    let waxseal = waxseal!();
    fs::create_dir(waxseal.folder().join("folder")).unwrap();
    waxseal.write("empty", "\n");
    waxseal.write("short", "hunter2");
    waxseal.write("long", &"hunter2".repeat(10_000));
    waxseal.write("two-lines", &format!("{SECRET}\n{OTHER}"));
    fs::write(waxseal.folder().join("binary"), b"hunter2\xff".repeat(8)).unwrap();
    for (file, expected) in [
        ("missing", "SESSION_SECRET_FILE: must be the path of a file: No such file"),
        ("/dev/missing", "SESSION_SECRET_FILE: /dev/missing: No such file"),
        ("folder", "SESSION_SECRET_FILE: folder: Is a directory"),
        ("empty", "SESSION_SECRET_FILE: empty: it is empty"),
        ("binary", "SESSION_SECRET_FILE: binary: it must be UTF-8"),
        ("long", "SESSION_SECRET_FILE: long: it has more than 65536 bytes"),
        ("short", "SESSION_SECRET: it is 7 bytes long"),
        ("two-lines", "SESSION_SECRET: contains a comma or a line break"),
    ] {
        let line = waxseal.run_with(&[], &[("SESSION_SECRET_FILE", file)]).refusal();
        assert!(line.starts_with(&format!("waxseal: {expected}")), "{line}");
        assert!(!line.contains("hunter2") && !line.contains(SECRET), "{line}");
    }
}

#[test]
fn a_secret_in_the_place_of_its_file_is_not_printed() {
    let waxseal = waxseal!();
    for secret in [
        "q5LrNTgKhunter2Wb0jU+uSsM0X9x1Tg=",
        // One in 64 of openssl's begins with a slash.
        "/5LrNTgKhunter2Wb0jU+uSsM0X9x1Tg=",
        "/5LrNTgK/unter2Wb0jU+uSsM0X9x1Tg=",
        "postgres://waxseal:hunter2@db.example.com/waxseal",
        &"hunter2".repeat(100),
    ] {
        for name in ["SESSION_SECRET", "SESSION_SECRET_FALLBACKS", "DATABASE_URL"] {
            let file = format!("{name}_FILE");
            // Of several bad settings, the first is named.
            let settings = [("SESSION_SECRET", SECRET), (&*file, secret)];
            let settings = &settings[usize::from(name == "SESSION_SECRET")..];
            let line = waxseal.run_with(&["serve"], settings).refusal();
            let expected = format!("waxseal: {file}: must be the path of a file: ");
            assert!(line.starts_with(&expected), "{line}");
            let checked = waxseal.run_with(&["check", "--json"], settings);
            assert!(checked.stdout.contains(&file), "{checked:?}");
            for text in [&line, &checked.stdout, &checked.stderr] {
                assert!(!text.contains("unter2"), "{text}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_other_users_can_read_is_warned_of() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    let waxseal = waxseal!();
    let mode = |path: &str, mode| {
        fs::set_permissions(waxseal.folder().join(path), Permissions::from_mode(mode)).unwrap();
    };
    waxseal.write("secret", SECRET);
    for (folder, file, told) in [(0o755, 0o644, true), (0o755, 0o640, false), (0o700, 0o644, false)]
    {
        mode("secret", file);
        mode("", folder);
        let server = waxseal.serve_with(&[], &[("SESSION_SECRET_FILE", "secret")]);
        let warning = "SESSION_SECRET_FILE: other users can read secret (mode 644): run chmod 600";
        assert_eq!(server.has_logged(warning), told, "{:?}", server.log());
        server.stop();
    }
}

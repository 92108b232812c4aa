//! Settings that are misspelled, and secrets that are easy to guess.

use test_support::{Process, waxseal};

use crate::SECRET;

const IDLE: &str = "SESSION_IDLETIMEOUT: is not a setting, so it is ignored: did you mean \
                    SESSION_IDLE_TIMEOUT?";

/// The warnings in a log.
fn warnings(server: &Process) -> Vec<String> {
    let log = server.stop();
    let text = |line: &String| Some(line.split_once(" WARN ")?.1.split_once("] ")?.1.to_owned());
    log.iter().filter_map(text).collect()
}

#[test]
fn a_misspelled_setting_is_told_once_with_the_one_that_was_meant() {
    let waxseal = waxseal!().set("SESSION_SECRET", SECRET);
    let server = waxseal.serve_with(
        &[],
        &[("SESSION_IDLETIMEOUT", "1h"), ("SESSION_MANAGER", "local/x"), ("DATABASE_HOST", "db")],
    );
    server.get("/login", &[]);
    assert_eq!(warnings(&server), [IDLE]);

    waxseal.write(".env", "SESSION_IDLETIMEOUT=1h\ndatabase_url=sqlite://other.db\nUNRELATED=1\n");
    let expected = [
        IDLE.replace("TIMEOUT: ", "TIMEOUT in .env: "),
        "database_url in .env: is not a setting, so it is ignored: did you mean DATABASE_URL?"
            .into(),
    ];
    assert_eq!(warnings(&waxseal.serve()), expected);
    let listed = waxseal.run_with(&["user", "list"], &[("DATABASE_URI", "sqlite://other.db")]);
    for slip in &expected {
        assert_eq!(listed.stderr.matches(&**slip).count(), 1, "{}", listed.stderr);
    }
    assert!(listed.stderr.contains("did you mean DATABASE_URL?"), "{}", listed.stderr);
}

#[test]
fn settings_that_are_spelled_right_are_not_told() {
    let waxseal = waxseal!();
    waxseal.write(".env", include_str!("../../.env.example"));
    let server = waxseal.serve_with(&[], &[("SESSION_SECRET", SECRET), ("PATH", "/bin")]);
    assert_eq!(warnings(&server), [""; 0]);
}

#[test]
fn production_does_not_start_with_a_secret_that_is_easy_to_guess() {
    let waxseal = waxseal!();
    for (secret, why) in [
        ("change-mechange-mechange-mechange-me", "repeats itself"),
        ("0123456789abcdefghijklmnopqrstuv", "follows a sequence"),
        ("qwertyuiopasdfghjklzxcvbnm123456", "follows a sequence"),
        ("administrator-administration-2026", "is made of common words"),
    ] {
        let fallback = format!("{SECRET},{secret}");
        for (setting, value) in
            [("SESSION_SECRET", secret), ("SESSION_SECRET_FALLBACKS", &*fallback)]
        {
            let settings =
                [("SESSION_SECRET", SECRET), (setting, value), ("APP_ENV", "production")];
            let line = waxseal.run_with(&[], &settings).refusal();
            assert!(line.starts_with(&format!("waxseal: {setting}: {why}: ")), "{line}");
            assert!(!line.contains(secret) && !line.contains(SECRET), "{line}");

            let server = waxseal.serve_with(&[], &settings[..2]);
            let warnings = warnings(&server);
            let warning = format!("{setting}: {why}: ");
            assert!(warnings.iter().any(|told| told.starts_with(&warning)), "{warnings:?}");
        }
    }
}

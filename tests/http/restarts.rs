//! What a restart changes, and what it does not.

use test_support::{App, DAY, EMAIL, PASSWORD, SECRET};

const NEW_SECRET: &str = "the second secret that the tests have";

#[actix_web::test]
async fn accounts_and_sessions_outlive_the_process() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let app = app.restart(&[]).await;
    ann.move_to(&app);
    let answer = ann.get("/profile").await;
    assert_eq!(answer.status, 200);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn without_a_secret_sessions_end_with_the_process() {
    let app = App::start_with(&[("SESSION_SECRET", "")]).await;
    let mut ann = app.signed_up(EMAIL).await;
    assert!(ann.is_logged_in().await);
    let app = app.restart(&[("SESSION_SECRET", "")]).await;
    ann.move_to(&app);
    assert!(ann.get("/profile").await.clears_the_cookie());
}

#[actix_web::test]
async fn changing_the_secret_logs_no_one_out() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;

    // The new secret comes in as a fallback: nothing happens yet.
    let app = app.restart(&[("SESSION_SECRET_FALLBACKS", NEW_SECRET)]).await;
    ann.move_to(&app);
    assert!(ann.get("/profile").await.set_cookies().is_empty());

    // The two are swapped: cookies are re-sealed as they come in.
    let app =
        app.restart(&[("SESSION_SECRET", NEW_SECRET), ("SESSION_SECRET_FALLBACKS", SECRET)]).await;
    ann.move_to(&app);
    let old = ann.clone();
    let answer = ann.get("/profile").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 1));
    assert_ne!(ann.session(), old.session());
    assert!(ann.get("/profile").await.set_cookies().is_empty(), "once is enough");

    // The old secret is taken away: what was sealed with it is worth nothing now.
    let app = app.restart(&[("SESSION_SECRET", NEW_SECRET)]).await;
    let mut old = old;
    ann.move_to(&app);
    old.move_to(&app);
    assert!(ann.is_logged_in().await);
    let answer = old.get("/profile").await;
    assert_eq!(answer.redirects_to(), "/login?next=/profile");
    assert!(answer.clears_the_cookie(), "{answer:?}");
}

#[actix_web::test]
async fn a_node_that_has_the_new_secret_already_and_one_that_has_not_yet_understand_each_other() {
    let app = App::start_with(&[("SESSION_SECRET_FALLBACKS", NEW_SECRET)]).await;
    let other =
        app.another_node(&[("SESSION_SECRET", NEW_SECRET), ("SESSION_SECRET_FALLBACKS", SECRET)]);
    let other = other.await;
    let mut ann = app.signed_up(EMAIL).await;
    for node in [&other, &app, &other, &app] {
        ann.move_to(node);
        let answer = ann.get("/profile").await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 1));
    }
}

#[actix_web::test]
async fn a_session_that_was_ended_stays_so_under_a_fallback() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut copy = ann.clone();
    ann.log_out().await;
    let app =
        app.restart(&[("SESSION_SECRET", NEW_SECRET), ("SESSION_SECRET_FALLBACKS", SECRET)]).await;
    copy.move_to(&app);
    assert!(!copy.is_logged_in().await);
}

#[actix_web::test]
async fn changing_the_mode_logs_no_one_out() {
    for (from, to) in [("cookie", "database"), ("database", "cookie")] {
        let app = App::start_with(&[("SESSION_MODE", from)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        app.clock.advance(DAY);
        let app = app.restart(&[("SESSION_MODE", to)]).await;
        ann.move_to(&app);
        let mut old = ann.clone();
        let answer = ann.get("/profile").await;
        assert_eq!(answer.status, 200, "{from} to {to}");
        assert_eq!(answer.set_cookies().len(), 1, "sealed into its own kind");
        assert!(answer.set_cookies()[0].ends_with("; Max-Age=604800"), "{answer:?}");
        assert!(ann.get("/profile").await.set_cookies().is_empty(), "once is enough");

        let app = app.restart(&[("SESSION_MODE", from)]).await;
        ann.move_to(&app);
        old.move_to(&app);
        assert!(ann.is_logged_in().await, "{to} to {from}");
        assert!(old.is_logged_in().await, "the old kind is still good");
        ann.log_out().await;
        assert!(!old.is_logged_in().await);
    }
}

#[cfg(unix)]
#[actix_web::test]
async fn the_database_is_its_owners_only() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let Some(file) = app.database.file() else { return };
    let directory = file.parent().unwrap();
    let files: Vec<_> = fs::read_dir(directory).unwrap().map(Result::unwrap).collect();
    assert!(files.len() > 1, "the database, and the log beside it: {files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

//! Logging in.

use test_support::{Answer, App, EMAIL, PASSWORD};

#[actix_web::test]
async fn logging_in_opens_a_new_session() {
    let app = App::start().await;
    let elsewhere = app.signed_up(EMAIL).await;
    let mut ann = app.client();
    let answer = ann.log_in(EMAIL, PASSWORD).await;
    assert_eq!(answer.redirects_to(), "/profile");
    let token = ann.session().unwrap();
    let cookie = format!("waxseal={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800");
    assert_eq!(answer.set_cookies(), [cookie]);
    assert_ne!(elsewhere.session(), ann.session());
    assert!(ann.is_logged_in().await);
    assert!(elsewhere.clone().is_logged_in().await, "another browser stays logged in");
    assert_eq!(app.database.number("SELECT COUNT(DISTINCT id) FROM waxseal_sessions").await, 2);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let app = App::start().await;
    let mut visitor = app.client();
    let unknown = visitor.log_in(EMAIL, "not the password").await;
    app.signed_up(EMAIL).await;
    let wrong = visitor.log_in(EMAIL, "not the password").await;
    assert_eq!((unknown.status.as_u16(), wrong.status.as_u16()), (422, 422));
    assert_eq!(unknown.body, wrong.body);
    let headers = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("date");
        headers
    };
    assert_eq!(headers(&unknown), headers(&wrong));
    let alert = "Incorrect email or password.";
    assert_eq!(wrong.error("email").as_deref(), Some(alert));
    assert_eq!(wrong.error("password").as_deref(), Some(alert));
    assert_eq!(wrong.typed("email").as_deref(), Some(EMAIL));
    assert_eq!(wrong.typed("password"), None);
    assert!(!visitor.is_logged_in().await);
}

#[actix_web::test]
async fn attempts_are_recorded_alike_too() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    app.client().log_in("unknown@example.com", PASSWORD).await;
    app.client().log_in(EMAIL, "not the password").await;
    let known = "SELECT outcome FROM login_events WHERE user_id IS NOT NULL ORDER BY outcome";
    assert_eq!(app.database.texts(known, &[]).await, ["granted", "refused"]);
    let unknown = "SELECT outcome FROM login_events WHERE user_id IS NULL";
    assert_eq!(app.database.texts(unknown, &[]).await, ["refused"]);
    let from = "SELECT DISTINCT address FROM login_events";
    assert_eq!(app.database.texts(from, &[]).await, ["127.0.0.1"]);
}

#[actix_web::test]
async fn after_the_log_in_it_goes_on_where_it_was_interrupted() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut ann = app.client();
    let next = "/profile?tab=\"a b\"&x=<1>";
    let login = ann.get("/login?next=/profile?tab=%22a%20b%22%26x=%3C1%3E").await;
    assert_eq!(login.typed("next").as_deref(), Some(next));

    let next = "/profile?tab=%22a+b%22&x=1#top";
    let form = |password| [("email", EMAIL), ("password", password), ("next", next)];
    let refused = ann.post("/login", &form("not the password")).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.typed("next").as_deref(), Some(next), "kept for the next attempt");
    assert_eq!(ann.post("/login", &form(PASSWORD)).await.redirects_to(), next);
    // What no link of ours has in it is not handed on.
    let login = app.client().get("/login?next=/%01").await;
    assert_eq!((login.status.as_u16(), login.typed("next")), (200, None));
}

#[actix_web::test]
async fn next_never_leaves_the_site() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: waxseal=theirs",
        "/\n/evil.example",
        "/%5c/evil.example\\",
        "https:evil.example",
        "https:/evil.example",
        "http://127.0.0.1@evil.example",
        "@evil.example",
        "/\u{2028}/evil.example",
        "\u{ff0f}\u{ff0f}evil.example",
        "/\u{7f}/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/ü",
        "",
    ] {
        let form = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let answer = app.client().post("/login", &form).await;
        assert_eq!(answer.redirects_to(), "/profile", "{next:?}");
        assert_eq!(answer.set_cookies().len(), 1, "{next:?}");
    }
}

/// The way through a guard: it leads back only to what is a path here.
#[actix_web::test]
async fn no_guard_leads_off_the_site_either() {
    let app = App::start().await;
    for target in [
        "//evil.example/profile",
        "/profile//evil.example",
        "/profile?//evil.example",
        "/profile?next=https://evil.example",
        "/profile/..//evil.example",
        "/profile;@evil.example",
        "http://evil.example/profile",
        "//evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%2f%2fevil.example",
        "/admin/users?q=//evil.example",
    ] {
        let close = "Connection: close\r\nHost: localhost";
        let answer = app.raw(format!("GET {target} HTTP/1.1\r\n{close}\r\n\r\n"));
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        let Some(location) = location else { continue };
        assert!(
            location == "/login" || location.starts_with("/login?next=/"),
            "{target}: {answer}"
        );
        assert!(!location.starts_with("/login?next=//"), "{target}: {answer}");
    }
}

#[actix_web::test]
async fn missing_fields_are_asked_for() {
    let app = App::start().await;
    let mut visitor = app.client();
    let answer = visitor.post("/login", &[]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.error("email").as_deref(), Some("Enter your email address."));
    assert_eq!(answer.error("password").as_deref(), Some("Enter a password."));
    let answer = visitor.post("/login", &[("email", EMAIL), ("next", "/profile?a=b")]).await;
    assert_eq!((answer.error("email"), answer.typed("email").as_deref()), (None, Some(EMAIL)));
    assert_eq!(answer.typed("next").as_deref(), Some("/profile?a=b"));
}

#[actix_web::test]
async fn unknown_fields_are_ignored() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let form = [("remember", "1"), ("email", EMAIL), ("password", PASSWORD), ("role", "admin")];
    let mut ann = app.client();
    assert_eq!(ann.post("/login", &form).await.redirects_to(), "/profile");
    assert!(ann.get("/profile").await.body.contains("<dd>user</dd>"));
}

#[actix_web::test]
async fn logging_in_while_logged_in_ends_the_session_that_was_there() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut copy = ann.clone();
        let answer = ann.log_in(EMAIL, PASSWORD).await;
        assert_eq!(answer.set_cookies().len(), 1);
        assert_ne!(ann.session(), copy.session());
        assert!(ann.is_logged_in().await);
        assert!(!copy.is_logged_in().await);
        let live = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL";
        assert_eq!(app.database.number(live).await, 1);
    }
}

#[actix_web::test]
async fn somebody_elses_log_in_in_the_same_browser_ends_the_session_that_was_there() {
    let app = App::start().await;
    app.signed_up("bob@example.com").await;
    let mut browser = app.signed_up(EMAIL).await;
    let mut copy = browser.clone();
    browser.log_in("bob@example.com", PASSWORD).await;
    let profile = browser.get("/profile").await.body;
    assert!(profile.contains("bob@example.com") && !profile.contains(EMAIL), "{profile}");
    assert!(!copy.is_logged_in().await);
}

#[actix_web::test]
async fn a_planted_cookie_does_not_become_the_session_at_log_in() {
    let app = App::start().await;
    let mut mallory = app.signed_up("mallory@example.com").await;
    app.signed_up(EMAIL).await;
    let mut ann = app.client();
    ann.set_cookie("waxseal", mallory.session().unwrap());
    ann.log_in(EMAIL, PASSWORD).await;
    assert!(ann.get("/profile").await.body.contains(EMAIL));
    assert!(!mallory.is_logged_in().await);
}

#[actix_web::test]
async fn a_logged_in_user_is_redirected_to_next() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for page in ["/login", "/signup"] {
        let mut get = async |query: &str| ann.get(&format!("{page}{query}")).await;
        let sessions = get("?next=/sessions%3Fpage=2").await;
        assert_eq!(sessions.redirects_to(), "/sessions?page=2", "{page}");
        assert!(sessions.set_cookies().is_empty(), "{page}");
        for query in ["", "?next=", "?next=//evil.example", "?next=/%09/evil.example"] {
            assert_eq!(get(query).await.redirects_to(), "/profile", "{page}{query}");
        }
    }
}

#[actix_web::test]
async fn the_forms_link_to_each_other_and_keep_next() {
    let app = App::start().await;
    let mut visitor = app.client();
    for (page, other) in [("/login", "/signup"), ("/signup", "/login")] {
        let form = visitor.get(&format!("{page}?next=/sessions%3Fpage=2")).await;
        assert_eq!(form.typed("next").as_deref(), Some("/sessions?page=2"), "{page}");
        let link = format!(r#"<a href="{other}?next=/sessions%3Fpage=2">"#);
        assert!(form.body.contains(&link), "{}", form.body);

        let typed = [("email", EMAIL), ("password", ""), ("next", "/logins")];
        let rejected = visitor.post(page, &typed).await;
        assert_eq!(rejected.status, 422, "{page}");
        assert!(rejected.body.contains(&format!(r#"<a href="{other}?next=/logins">"#)), "{page}");

        for query in ["", "?next=https://evil.example", "?next=/%01"] {
            let form = visitor.get(&format!("{page}{query}")).await;
            let link = format!(r#"<a href="{other}">"#);
            assert!(form.body.contains(&link), "{page}{query}: {}", form.body);
        }
    }
}

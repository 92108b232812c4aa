//! Cookies that are no session: they log no one in, and pages clear them.

use reqwest::{Method, header::COOKIE};
use test_support::{Answer, App, Client, EMAIL, PASSWORD};

#[actix_web::test]
async fn a_cookie_that_is_no_session_is_cleared_by_every_page() {
    let app = App::start().await;
    let mut visitor = app.client();
    for path in ["/", "/login", "/signup", "/profile", "/nope", "/logout", "/api/nope"] {
        visitor.set_cookie("waxseal", "unreadable");
        let answer = visitor.get(path).await;
        assert!(answer.clears_the_cookie(), "{path}: {answer:?}");
        assert_eq!(visitor.session(), None, "{path}");
    }
    for path in ["/login", "/signup"] {
        visitor.set_cookie("waxseal", "unreadable");
        let answer = visitor.post_body(path, "application/json", "{}").await;
        assert_eq!(answer.status, 415);
        assert!(answer.clears_the_cookie(), "{path}: {answer:?}");
    }
}

#[actix_web::test]
async fn tokens_that_were_tampered_with_open_nothing() {
    let app = App::start().await;
    let ann = app.signed_up(EMAIL).await;
    let token = ann.session().unwrap();
    let flipped = |at: usize| {
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    };
    let mut bad = vec![
        String::new(),
        "A".to_owned(),
        token[1..].to_owned(),
        token[..token.len() - 1].to_owned(),
        format!("{token}="),
        format!("{token}A"),
        format!("\"{token}\""),
        token.replacen('A', "%41", 1) + "%",
        token.to_lowercase(),
        "A".repeat(5000),
    ];
    bad.extend([0, 3, 20, 60, token.len() / 2, token.len() - 2].map(flipped));
    for token in bad {
        let mut mallory = app.client();
        mallory.set_cookie("waxseal", &token);
        let answer = mallory.get("/profile").await;
        assert_eq!(answer.redirects_to(), "/login?next=/profile", "{token}");
        assert!(answer.clears_the_cookie(), "{token}: {answer:?}");
    }
}

#[actix_web::test]
async fn a_token_of_another_cookie_or_another_secret_opens_nothing() {
    let app = App::start().await;
    let named = app.another_node(&[("SESSION_COOKIE_NAME", "other")]).await;
    let elsewhere =
        App::start_with(&[("SESSION_SECRET", "a secret that somebody else has made")]).await;
    let tokens = [
        named.signed_up(EMAIL).await.cookie("other").unwrap().to_owned(),
        elsewhere.signed_up(EMAIL).await.session().unwrap().to_owned(),
    ];
    for token in tokens {
        let mut mallory = app.client();
        mallory.set_cookie("waxseal", &token);
        assert!(!mallory.is_logged_in().await);
    }
}

#[actix_web::test]
async fn the_cookie_is_found_among_others_by_its_exact_name() {
    let app = App::start().await;
    let ann = app.signed_up(EMAIL).await;
    let token = ann.session().unwrap();
    let good = [
        format!("theme=dark; waxseal={token}; lang=en"),
        format!("theme=dark;waxseal={token}"),
        format!("xwaxseal=1; waxseal={token}; waxseal2=2; Waxseal=3; waxsea%6c=4"),
        format!("waxseal={token}; broken; =; ;;"),
    ];
    for header in good {
        assert_eq!(with_cookies(&app, header.as_bytes()).await.status, 200, "{header}");
    }
    let neighbour = [b"theme=\xff\xfe; waxseal=", token.as_bytes()].concat();
    assert_eq!(with_cookies(&app, &neighbour).await.status, 200, "a byte that is not UTF-8");

    let visitors = [
        format!("Session={token}"),
        format!("sessio%6e={token}"),
        format!("sessions={token}"),
        format!("session ={token}"),
        format!("x=waxseal={token}"),
    ];
    for header in visitors {
        let answer = with_cookies(&app, header.as_bytes()).await;
        assert_eq!(answer.redirects_to(), "/login?next=/profile", "{header}");
        assert!(answer.set_cookies().is_empty(), "{header}: {answer:?}");
    }
}

#[actix_web::test]
async fn of_two_cookies_with_the_sessions_name_none_counts() {
    let app = App::start().await;
    let ann = app.signed_up(EMAIL).await;
    let token = ann.session().unwrap();
    for header in
        [format!("waxseal={token}; waxseal={token}"), format!("waxseal=x; waxseal={token}")]
    {
        let answer = with_cookies(&app, header.as_bytes()).await;
        assert_eq!(answer.redirects_to(), "/login?next=/profile");
        assert!(answer.clears_the_cookie(), "{answer:?}");
    }
}

#[actix_web::test]
async fn log_in_replaces_an_unreadable_cookie() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut ann = app.client();
    ann.set_cookie("waxseal", "unreadable");
    let answer = ann.log_in(EMAIL, PASSWORD).await;
    assert_eq!(answer.set_cookies().len(), 1, "{answer:?}");
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn when_the_person_is_gone_the_profile_clears_the_cookie() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut copy = ann.clone();
        assert_eq!(app.database.execute("DELETE FROM users WHERE email = $1", &[EMAIL]).await, 1);
        let answer = ann.get("/profile").await;
        assert_eq!(answer.redirects_to(), "/login?next=/profile");
        assert!(answer.clears_the_cookie(), "{answer:?}");
        assert_eq!(ann.get("/login").await.status, 200, "no way round in circles");
        assert!(!copy.is_logged_in().await, "the session has ended with it");
        assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 422);
    }
}

async fn with_cookies(app: &App, header: &[u8]) -> Answer {
    let mut browser: Client = app.client();
    browser.send(browser.request(Method::GET, "/profile").header(COOKIE, header)).await
}

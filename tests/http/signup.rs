//! Signing up.

use actix_web::rt;
use serde_json::Value;
use test_support::{App, EMAIL, PASSWORD, SECRET, START};
use waxseal_session::{Keyring, Secret};

#[actix_web::test]
async fn signing_up_makes_an_account_and_logs_in() {
    let app = App::start().await;
    let mut ann = app.client();
    let answer = ann.sign_up(EMAIL, PASSWORD).await;
    assert_eq!(answer.redirects_to(), "/profile");
    let token = ann.session().unwrap();
    let cookie = format!("waxseal={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800");
    assert_eq!(answer.set_cookies(), [cookie]);
    assert!(ann.get("/profile").await.body.contains(EMAIL));
    assert_eq!(app.database.texts("SELECT email FROM users", &[]).await, [EMAIL]);
}

#[actix_web::test]
async fn in_production_the_cookie_is_for_this_host_and_https_only() {
    let app = App::start_with(&[("APP_ENV", "production")]).await;
    let mut ann = app.client();
    let answer = ann.sign_up(EMAIL, PASSWORD).await;
    let token = ann.cookie("__Host-waxseal").unwrap();
    let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=604800";
    assert_eq!(answer.set_cookies(), [format!("__Host-waxseal={token}; {attributes}")]);
    assert!(ann.is_logged_in().await);

    let answer = ann.log_out().await;
    let cleared = "__Host-waxseal=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; \
         Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(answer.set_cookies(), [cleared]);
}

#[actix_web::test]
async fn the_cookie_is_named_as_the_setting_says() {
    for (environment, name) in [("development", "wax"), ("production", "__Host-wax")] {
        let app =
            App::start_with(&[("APP_ENV", environment), ("SESSION_COOKIE_NAME", "wax")]).await;
        let mut ann = app.signed_up(EMAIL).await;
        assert!(ann.cookie(name).is_some(), "{environment}");
        assert!(ann.is_logged_in().await, "{environment}");
    }
}

#[actix_web::test]
async fn the_cookie_seals_who_it_is_and_nothing_personal() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let ann = app.signed_up(EMAIL).await;
        let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
        let unsealed = keyring.unseal("session:waxseal", ann.session().unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&unsealed.plaintext).unwrap();
        let now = START.as_unix();
        assert_eq!(claims["auth_time"], now);
        assert_eq!(claims["iat"], now);
        assert_eq!(claims["exp"], now + 604_800);
        let row = "SELECT id FROM waxseal_sessions WHERE revoked_at IS NULL";
        assert_eq!(app.database.texts(row, &[]).await, [claims["sid"].as_str().unwrap()]);
        let id = app.database.texts("SELECT id FROM users", &[]).await.remove(0);
        let state = serde_json::json!({"user_id": id, "role": "user"});
        let kept = app.database.texts("SELECT state FROM waxseal_sessions", &[]).await.remove(0);
        assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), state);
        match mode {
            "cookie" => assert_eq!(claims["state"], state),
            _ => assert!(claims.get("state").is_none()),
        }
    }
}

#[actix_web::test]
async fn what_was_typed_stays_and_the_password_does_not() {
    let app = App::start().await;
    let mut visitor = app.client();
    for (email, password) in [(EMAIL, "Tr0ub4dor&3"), ("<b>\"Ann\"&'s@", PASSWORD), ("", PASSWORD)]
    {
        let answer = visitor.sign_up(email, password).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.typed("email").unwrap(), email);
        assert_eq!(answer.typed("password"), None);
        assert!(!answer.body.contains(password), "{}", answer.body);
    }
}

#[actix_web::test]
async fn an_error_stands_beside_its_field_and_beside_no_other() {
    let app = App::start().await;
    let mut visitor = app.client();
    let page = visitor.get("/signup").await;
    assert_eq!((page.error("email"), page.error("password")), (None, None));

    let answer = visitor.sign_up("ann", PASSWORD).await;
    let malformed = "This does not look like an email address, such as name@example.com.";
    assert_eq!(answer.error("email").as_deref(), Some(malformed));
    assert_eq!(answer.error("password"), None);
    assert!(answer.body.contains("<title>Error: Sign up"), "{}", answer.body);

    let answer = visitor.sign_up(EMAIL, "short").await;
    assert_eq!(answer.error("email"), None);
    let short = "This password is too short: it needs at least 12 characters.";
    assert_eq!(answer.error("password").as_deref(), Some(short));

    let answer = visitor.sign_up("", "").await;
    assert_eq!(answer.error("email").as_deref(), Some("Enter your email address."));
    assert_eq!(answer.error("password").as_deref(), Some("Enter a password."));
}

#[actix_web::test]
async fn an_address_has_one_account_however_it_is_spelled() {
    let app = App::start().await;
    for (first, others) in [
        ("ann@example.com", ["Ann@Example.COM", "  ann@example.com\t\r\n", "ANN@EXAMPLE.COM"]),
        // ü in one character and in two; browsers send Punycode
        (
            "ann@b\u{fc}cher.example",
            [
                "ann@xn--bcher-kva.example",
                "Ann@BU\u{308}CHER.example",
                "ann@b\u{fc}cher\u{3002}example",
            ],
        ),
        // ǰ: its capital letter has no character of its own, only J and a mark
        (
            "ann@\u{1f0}o.example",
            ["ann@j\u{30c}o.example", "ann@J\u{30c}o.example", "ann@J\u{30c}O.example"],
        ),
    ] {
        app.signed_up(first).await;
        for other in others {
            let answer = app.client().sign_up(other, "not the password of this").await;
            assert_eq!(answer.status, 422, "{other:?}");
            let taken = "An account with this email address already exists.";
            assert_eq!(answer.error("email").as_deref(), Some(taken), "{other:?}");
            assert!(answer.set_cookies().is_empty());
            assert_eq!(app.client().log_in(other, PASSWORD).await.redirects_to(), "/profile");
        }
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 3);
}

#[actix_web::test]
async fn what_is_no_address_is_refused() {
    let app = App::start().await;
    let mut visitor = app.client();
    for email in [
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "ann @example.com",
        "ann@example..com",
        "ann@example.com, bob@example.com",
        "Ann <ann@example.com>",
        "ann@[127.0.0.1]",
        "ann\r\nbcc: bob@example.com",
    ] {
        let answer = visitor.sign_up(email, PASSWORD).await;
        assert_eq!(answer.status, 422, "{email:?}");
        assert!(answer.error("email").is_some(), "{email:?}");
        let answer = visitor.log_in(email, PASSWORD).await;
        assert_eq!(answer.status, 422, "{email:?}");
        assert!(answer.error("email").is_some(), "{email:?}");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
}

#[actix_web::test]
async fn an_address_has_at_most_254_bytes() {
    let app = App::start().await;
    let (label, local) = ("a".repeat(61), "l".repeat(64));
    let domain = format!("{label}.{label}.{label}");
    let longest = format!("{local}@{domain}.com");
    assert_eq!(longest.len(), 254);
    app.signed_up(&longest).await;
    let answer = app.client().sign_up(&format!("{longest}e"), PASSWORD).await;
    assert_eq!(answer.status, 422);
    assert!(answer.error("email").unwrap().contains("too long"));
    let answer = app.client().log_in(&format!("{longest}e"), PASSWORD).await;
    assert!(answer.error("email").unwrap().contains("too long"));
}

#[actix_web::test]
async fn missing_fields_count_as_empty_and_unknown_ones_not_at_all() {
    let app = App::start().await;
    let mut visitor = app.client();
    let answer = visitor.post("/signup", &[]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.error("email").is_some() && answer.error("password").is_some());
    let answer = visitor.post("/signup", &[("email", EMAIL)]).await;
    assert_eq!((answer.error("email"), answer.typed("email").unwrap()), (None, EMAIL.to_owned()));

    let form = [("role", "admin"), ("email", EMAIL), ("id", "1"), ("password", PASSWORD), ("", "")];
    assert_eq!(visitor.post("/signup", &form).await.redirects_to(), "/profile");
    assert_eq!(app.database.texts("SELECT role FROM users", &[]).await, ["user"]);
}

#[actix_web::test]
async fn signing_up_while_logged_in_ends_the_session_that_was_there() {
    let app = App::start().await;
    let mut browser = app.signed_up(EMAIL).await;
    let mut copy = browser.clone();
    assert_eq!(browser.sign_up("bob@example.com", PASSWORD).await.redirects_to(), "/profile");
    assert!(browser.get("/profile").await.body.contains("bob@example.com"));
    assert!(!copy.is_logged_in().await);
}

#[actix_web::test]
async fn a_refused_sign_up_leaves_the_session_that_was_there() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    assert_eq!(ann.sign_up(EMAIL, "not the password").await.status, 422);
    assert_eq!(ann.log_in(EMAIL, "not the password").await.status, 422);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn of_many_who_sign_up_with_one_address_at_once_one_gets_the_account() {
    let app = App::start().await;
    let attempts: Vec<_> = (0..4)
        .map(|number| {
            let mut browser = app.client();
            let password = format!("{PASSWORD} {number}");
            rt::spawn(async move { (browser.sign_up(EMAIL, &password).await, browser) })
        })
        .collect();
    let (mut done, mut refused) = (0, 0);
    for attempt in attempts {
        let (answer, mut browser) = attempt.await.unwrap();
        match answer.status.as_u16() {
            303 => done += 1,
            422 => refused += 1,
            other => panic!("{other}"),
        }
        assert_eq!(browser.is_logged_in().await, answer.status == 303);
    }
    assert_eq!((done, refused), (1, 3));
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM waxseal_sessions").await, 1);
}

#[actix_web::test]
async fn signing_up_leads_to_next_and_never_off_the_site() {
    let app = App::start().await;
    for (number, (next, location)) in [
        ("/sessions?page=2", "/sessions?page=2"),
        ("", "/profile"),
        ("//evil.example/", "/profile"),
        ("https://evil.example/", "/profile"),
        ("/\r\nSet-Cookie: waxseal=theirs", "/profile"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ann{number}@example.com");
        let form = [("email", email.as_str()), ("password", PASSWORD), ("next", next)];
        let mut ann = app.client();
        let answer = ann.post("/signup", &form).await;
        assert_eq!(answer.redirects_to(), location, "{next:?}");
        assert_eq!(answer.set_cookies().len(), 1, "{next:?}");
        assert!(ann.is_logged_in().await, "{next:?}");
    }
}

#[actix_web::test]
async fn a_rejected_sign_up_keeps_next_with_the_address() {
    let app = App::start().await;
    let mut visitor = app.client();
    for (email, password) in [(EMAIL, "short"), ("ann", PASSWORD), ("", "")] {
        let form = [("email", email), ("password", password), ("next", "/sessions?page=2")];
        let rejected = visitor.post("/signup", &form).await;
        assert_eq!(rejected.status, 422, "{email}");
        assert_eq!(rejected.typed("email").as_deref(), Some(email));
        assert_eq!(rejected.typed("next").as_deref(), Some("/sessions?page=2"), "{email}");
        assert_eq!(rejected.typed("password"), None, "{email}");
    }
}

//! The HTTP contract: which request is answered how.

use reqwest::Method;
use test_support::{Answer, App, EMAIL, PASSWORD, SECOND, START, eventually};

/// Every path that answers GET, with or without a session.
const READABLE: [&str; 16] = [
    "/",
    "/.well-known/change-password",
    "/signup",
    "/login",
    "/profile",
    "/profile/email",
    "/confirm",
    "/confirm-email",
    "/undo-email",
    "/sessions",
    "/logins",
    "/admin/users",
    "/api/session",
    "/healthz",
    "/readyz",
    "/nope",
];

#[actix_web::test]
async fn a_visitor_is_led_to_the_log_in_page() {
    let app = App::start().await;
    let mut visitor = app.client();
    assert_eq!(visitor.get("/").await.redirects_to(), "/login");
    assert_eq!(visitor.get("/profile").await.redirects_to(), "/login?next=/profile");
    assert_eq!(visitor.get("/signup").await.status, 200);
    assert_eq!(visitor.get("/login").await.status, 200);
    assert_eq!(visitor.log_out().await.redirects_to(), "/login");
}

#[actix_web::test]
async fn a_logged_in_user_is_redirected_to_the_profile() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for path in ["/", "/signup", "/login", "/login?next=//somewhere"] {
        assert_eq!(ann.get(path).await.redirects_to(), "/profile", "{path}");
    }
}

#[actix_web::test]
async fn the_profile_says_who_is_logged_in_and_since_when() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let profile = ann.get("/profile").await;
    assert_eq!(profile.status, 200);
    assert_eq!(START.to_string(), "2033-05-18T03:33:20Z");
    for text in [
        EMAIL,
        "<dd>user</dd>",
        r#"<time datetime="2033-05-18T03:33:20Z">just now <span class="exact">18 May 2033, 03:33 UTC<"#,
        r#"<time datetime="2033-05-25T03:33:20Z">in 7 days <span class="exact">25 May 2033, 03:33 UTC<"#,
        r#"<form method="post" action="/logout">"#,
    ] {
        assert!(profile.body.contains(text), "{text} is in {}", profile.body);
    }
}

#[actix_web::test]
async fn a_visitor_gets_no_cookie() {
    let app = App::start().await;
    let mut visitor = app.client();
    for path in READABLE {
        assert!(visitor.get(path).await.set_cookies().is_empty(), "{path}");
    }
    let refused = visitor.log_in(EMAIL, PASSWORD).await;
    assert_eq!(refused.status, 422);
    assert!(refused.set_cookies().is_empty());
    assert!(visitor.sign_up(EMAIL, "short").await.set_cookies().is_empty());
    assert!(visitor.log_out().await.set_cookies().is_empty());
}

#[actix_web::test]
async fn the_forms_have_a_label_and_the_right_autocomplete_for_every_field() {
    let app = App::start().await;
    for (path, password) in [("/signup", "new-password"), ("/login", "current-password")] {
        let page = app.client().get(path).await.body;
        assert!(page.contains(&format!(r#"<form method="post" action="{path}">"#)), "{page}");
        assert!(page.contains(r#"autocomplete="username""#), "{page}");
        assert!(page.contains(&format!(r#"autocomplete="{password}""#)), "{page}");
        for field in ["email", "password"] {
            assert!(page.contains(&format!(r#"<label for="{field}">"#)), "{page}");
            assert!(page.contains(&format!(r#"id="{field}" name="{field}""#)), "{page}");
        }
        assert!(!page.contains("<script"), "{page}");
    }
}

#[actix_web::test]
async fn the_process_says_that_it_is_alive() {
    let app = App::start().await;
    let answer = app.client().get("/healthz").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "alive\n"));
}

#[actix_web::test]
async fn a_node_that_hears_of_revocations_is_ready_and_one_that_does_not_says_why() {
    let app = App::start().await;
    let mut watcher = app.client();
    let answer = watcher.get("/readyz").await;
    let ready = r#"{"ready":true,"database":"ok","revocation_feed":"ok"}"#;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ready));
    assert_eq!(answer.header("content-type"), "application/json");

    app.database.execute("ALTER TABLE waxseal_sessions RENAME TO out_of_reach", &[]).await;
    app.clock.elapse(31 * SECOND);
    let not_ready = r#"{"ready":false,"database":"out of reach","revocation_feed":"stale"}"#;
    eventually(async || app.client().get("/readyz").await.body == not_ready).await;
    let answer = watcher.get("/readyz").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"));

    app.database.execute("ALTER TABLE out_of_reach RENAME TO waxseal_sessions", &[]).await;
    app.clock.elapse(SECOND);
    eventually(async || app.client().get("/readyz").await.body == ready).await;
}

#[actix_web::test]
async fn static_files_have_fingerprints_and_are_cached_for_a_year() {
    let app = App::start().await;
    let mut visitor = app.client();
    let page = visitor.get("/login").await;
    let urls = static_urls(&page);
    assert_eq!(urls.len(), 2, "the style sheet and the icon: {urls:?}");
    for url in urls {
        let file = visitor.get(&url).await;
        assert_eq!(file.status, 200, "{url}");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        let kind = if url.ends_with(".css") { "text/css" } else { "image/svg+xml" };
        assert!(file.header("content-type").starts_with(kind), "{url}");
        let fingerprint = url.split('.').nth(1).unwrap();
        assert_eq!(fingerprint.len(), 16, "{url}");
        for path in [url.replace(fingerprint, "0123456789abcdef"), url.replace(fingerprint, "")] {
            assert_eq!(visitor.get(&path).await.status, 404, "{path}");
        }
    }
    assert_eq!(visitor.get("/static/waxseal.css").await.status, 404);
}

#[actix_web::test]
async fn static_files_and_health_neither_read_nor_set_a_cookie() {
    let app = App::start().await;
    let mut visitor = app.client();
    let css = static_urls(&visitor.get("/login").await).swap_remove(0);
    visitor.set_cookie("waxseal", "unreadable");
    let nowhere = ["/static/", "/static/nope.css", "/static/no/pe.css"];
    for path in nowhere.into_iter().chain([css.as_str(), "/healthz", "/readyz"]) {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let answer = visitor.send(visitor.request(method.clone(), path)).await;
            assert!(answer.set_cookies().is_empty(), "{method} {path}: {answer:?}");
        }
    }
    assert_eq!(visitor.session(), Some("unreadable"));
}

#[actix_web::test]
async fn an_unknown_address_is_a_404_page() {
    let app = App::start().await;
    for path in ["/nope", "/login/", "/profile/nope", "/static", "/index.html", "//login"] {
        let answer = app.client().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(answer.body.contains("<h1>Page not found</h1>"), "{path}");
    }
}

#[actix_web::test]
async fn below_api_errors_are_json() {
    let app = App::start().await;
    let answer = app.client().get("/api/nope").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, r#"{"error":"Not Found"}"#);
    let foreign = app.client().request(Method::POST, "/api/nope");
    let answer = app.client().send(foreign.header("Sec-Fetch-Site", "cross-site")).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (403, r#"{"error":"Forbidden"}"#));
}

#[actix_web::test]
async fn head_answers_as_get_does_without_the_body() {
    let app = App::start().await;
    let mut visitor = app.client();
    let css = static_urls(&visitor.get("/login").await).swap_remove(0);
    let signed_in =
        format!("Cookie: waxseal={}\r\n", app.signed_up(EMAIL).await.session().unwrap());
    for path in READABLE.into_iter().chain([css.as_str()]) {
        for cookie in ["", signed_in.as_str(), "Cookie: waxseal=unreadable\r\n"] {
            let ask = |method: &str| {
                let end = "Host: localhost\r\nConnection: close\r\n\r\n";
                app.raw(format!("{method} {path} HTTP/1.1\r\n{cookie}{end}"))
            };
            let (get, head) = (ask("GET"), ask("HEAD"));
            let (get_head, body) = get.split_once("\r\n\r\n").unwrap();
            assert_eq!(without_date(head.trim_end()), without_date(get_head), "{path} {cookie}");
            assert!(head.ends_with("\r\n\r\n"), "{path}: {head}");
            assert!(get_head.contains(&format!("content-length: {}", body.len())), "{get_head}");
        }
    }
}

#[actix_web::test]
async fn a_wrong_method_is_answered_with_the_right_ones() {
    let app = App::start().await;
    let mut visitor = app.client();
    let css = static_urls(&visitor.get("/login").await).swap_remove(0);
    let both = ["GET", "HEAD", "POST"].as_slice();
    let read = ["GET", "HEAD"].as_slice();
    let expected = [
        ("/", read),
        ("/signup", both),
        ("/login", both),
        ("/logout", &["POST"]),
        ("/profile", read),
        ("/profile/password", &["POST"]),
        ("/profile/delete", &["POST"]),
        ("/sessions", read),
        ("/sessions/AAAAAAAAAAAAAAAAAAAAAA/revoke", &["POST"]),
        ("/sessions/revoke-others", &["POST"]),
        ("/logins", read),
        ("/admin/users", read),
        ("/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/role", &["POST"]),
        ("/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/revoke-sessions", &["POST"]),
        ("/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/disable", &["POST"]),
        ("/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/enable", &["POST"]),
        ("/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/unlock", &["POST"]),
        ("/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/send-reset", &["POST"]),
        ("/.well-known/change-password", read),
        ("/healthz", read),
        ("/readyz", read),
        (&css, read),
    ];
    for (path, allowed) in expected {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
        {
            if allowed.contains(&method) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = visitor.send(visitor.request(method.clone(), path)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let mut named: Vec<&str> = answer.header("allow").split(", ").collect();
            named.sort_unstable();
            assert_eq!(named, allowed, "{method} {path}");
            if method != Method::HEAD {
                assert!(answer.body.contains("<h1>Method not allowed</h1>"), "{method} {path}");
            }
        }
    }
}

#[actix_web::test]
async fn only_pages_that_can_be_read_are_led_back_to_after_the_log_in() {
    let app = App::start().await;
    let mut visitor = app.client();
    let answer = visitor.get("/profile?tab=a+b&x=%2F").await;
    assert_eq!(answer.redirects_to(), "/login?next=/profile%3Ftab=a%2Bb%26x=%252F");
    let login = visitor.get(answer.redirects_to()).await;
    assert_eq!(login.typed("next").unwrap(), "/profile?tab=a+b&x=%2F");
}

fn static_urls(page: &Answer) -> Vec<String> {
    let parts = page.body.split('"').filter(|part| part.starts_with("/static/"));
    let mut urls: Vec<String> = parts.map(str::to_owned).collect();
    urls.sort();
    urls.dedup();
    urls
}

fn without_date(head: &str) -> Vec<&str> {
    let mut lines: Vec<&str> =
        head.split("\r\n").filter(|line| !line.starts_with("date: ")).collect();
    lines.sort_unstable();
    lines
}

//! Who is who in the tests of the pages for people who are logged in.

use test_support::{App, EMAIL, PASSWORD};

/// What browsers call themselves.
pub const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0";

/// Everything that only people who are logged in may read, and everything they may send.
pub const READABLE: [&str; 4] = ["/profile", "/sessions", "/logins", "/api/session"];
pub const WRITABLE: [&str; 4] = [
    "/profile/password",
    "/profile/delete",
    "/sessions/AAAAAAAAAAAAAAAAAAAAAA/revoke",
    "/sessions/revoke-others",
];

#[actix_web::test]
async fn visitors_are_led_to_the_log_in_page_from_everywhere() {
    let app = App::start().await;
    let mut visitor = app.client();
    for path in READABLE.into_iter().chain(["/admin/users"]) {
        let answer = visitor.get(path).await;
        if path.starts_with("/api/") {
            assert_eq!(answer.status, 401, "{path}");
        } else {
            assert_eq!(answer.redirects_to(), format!("/login?next={path}"));
        }
        assert!(answer.set_cookies().is_empty(), "{path}");
    }
    let somebody = "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11";
    let acts = ["role", "revoke-sessions", "disable", "enable", "unlock", "send-reset"];
    let for_admins = acts.map(|act| format!("{somebody}/{act}"));
    for path in WRITABLE.into_iter().chain(for_admins.iter().map(String::as_str)) {
        // The log-in leads to the page of the form, by itself to the profile.
        let login = match path.split('/').nth(1) {
            Some("sessions") => "/login?next=/sessions",
            Some("admin") => "/login?next=/admin/users",
            _ => "/login",
        };
        assert_eq!(visitor.press(path).await.redirects_to(), login, "{path}");
        assert_eq!(visitor.post_body(path, "text/plain", "x").await.redirects_to(), login);
    }
}

#[actix_web::test]
async fn the_navigation_says_where_one_is_and_shows_users_only_to_administrators() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    let mut bob = app.signed_up("bob@example.com").await;
    for (path, text) in [("/profile", "Profile"), ("/sessions", "Sessions"), ("/logins", "Log-ins")]
    {
        for (person, links) in [(&mut bob, 0), (&mut admin, 1)] {
            let page = person.get(path).await;
            let here = format!(r#"<a href="{path}" aria-current="page">{text}</a>"#);
            assert_eq!(page.count(&here), 1, "{}", page.body);
            assert_eq!(page.count("aria-current"), 1, "{}", page.body);
            assert_eq!(page.count(r#"<a href="/admin/users">Users</a>"#), links, "{}", page.body);
        }
    }
    assert!(admin.get("/admin/users").await.contains_text(r#"aria-current="page">Users</a>"#));
}

#[actix_web::test]
async fn forms_from_other_sites_change_nothing() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.logged_in(EMAIL).await;
    for path in WRITABLE {
        let form = [("password", PASSWORD), ("current_password", PASSWORD)];
        let request = ann.request(reqwest::Method::POST, path).form(&form);
        let answer = ann.send(request.header("Sec-Fetch-Site", "cross-site")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert!(ann.is_logged_in().await && phone.is_logged_in().await);
}

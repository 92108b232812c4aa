//! Where a request comes from: the peer, unless it is a proxy that is trusted to say.

use reqwest::{Method, RequestBuilder};
use test_support::{Answer, App, Client, EMAIL, PASSWORD};

#[actix_web::test]
async fn what_a_stranger_says_changes_nothing() {
    for proxies in ["", "10.0.0.0/8, 2001:db8::/32, 127.0.0.2"] {
        let app = App::start_with(&[("TRUSTED_PROXIES", proxies)]).await;
        app.signed_up(EMAIL).await;
        for forged in ["203.0.113.9", "10.0.0.1", "203.0.113.9, 10.0.0.1", "<b>", ""] {
            assert_eq!(seen(&app, &[forged]).await, "127.0.0.1", "{forged}");
        }
        assert_eq!(seen(&app, &["203.0.113.9", "10.0.0.1"]).await, "127.0.0.1");
    }
}

#[actix_web::test]
async fn behind_proxies_the_client_is_the_last_that_is_none_of_them() {
    let app = behind("127.0.0.0/8, 10.0.0.0/8, 2001:db8:1::1").await;
    for (lists, client) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        (&["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        (&["198.51.100.7, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (&["198.51.100.7", "203.0.113.9", "2001:db8:1::1, 10.0.0.7"], "203.0.113.9"),
        (&["198.51.100.7", "203.0.113.9:567, 10.0.0.7:8080"], "203.0.113.9"),
        (&["10.0.0.9, 10.0.0.7"], "10.0.0.9"),
        (&[], "127.0.0.1"),
    ] {
        assert_eq!(seen(&app, lists).await, client, "{lists:?}");
    }
}

#[actix_web::test]
async fn addresses_may_be_ipv6() {
    let app = behind("127.0.0.1, 2001:db8:1::/48").await;
    for entry in [
        "2001:db8:2::1",
        "[2001:db8:2::1]",
        "[2001:DB8:2:0::1]:567",
        "2001:db8:2::1, 2001:db8:1::9",
    ] {
        assert_eq!(seen(&app, &[entry]).await, "2001:db8:2::1", "{entry}");
    }
    assert_eq!(seen(&app, &["::ffff:203.0.113.9"]).await, "203.0.113.9");
}

#[actix_web::test]
async fn garbage_is_never_shown() {
    let app = behind("127.0.0.1, 10.0.0.0/8").await;
    for garbage in ["unknown", "<script>", "203.0.113.999", "203.0.113.9 x", "'", "a:1", ","] {
        assert_eq!(seen(&app, &[garbage]).await, "127.0.0.1", "{garbage}");
        let list = format!("203.0.113.9, {garbage}, 10.0.0.7");
        assert_eq!(seen(&app, &[&list]).await, "10.0.0.7", "{list}");
        let list = format!("{garbage}, 203.0.113.9");
        assert_eq!(seen(&app, &[&list]).await, "203.0.113.9", "{list}");
    }
    let long = "203.0.113.9,".repeat(500) + "10.0.0.7";
    assert_eq!(seen(&app, &[&long]).await, "203.0.113.9");
}

#[actix_web::test]
async fn no_other_header_is_believed() {
    let app = behind("127.0.0.1").await;
    let mut browser = app.client();
    let mut request = log_in(&browser, &[]);
    for name in ["X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"] {
        request = request.header(name, "203.0.113.9");
    }
    let request = request.header("Forwarded", "for=203.0.113.9;by=203.0.113.9;host=203.0.113.9");
    browser.send(request).await.redirects_to();
    assert_eq!(shown(&mut browser).await, "127.0.0.1");
}

#[actix_web::test]
async fn a_refused_log_in_is_remembered_with_the_address_it_came_from() {
    let app = behind("127.0.0.1").await;
    let mut stranger = app.client();
    let form = [("email", EMAIL), ("password", "not the password")];
    let request = stranger.request(Method::POST, "/login").form(&form);
    let answer = stranger.send(request.header("X-Forwarded-For", "203.0.113.9")).await;
    assert_eq!(answer.status, 422);
    let mut ann = app.client();
    ann.log_in(EMAIL, PASSWORD).await.redirects_to();
    let page = ann.get("/logins").await;
    let refused = page.body.split("<tr ").find(|row| row.contains("Failed")).unwrap();
    assert!(refused.contains("203.0.113.9"), "{refused}");
}

/// The application behind these proxies, with somebody who has signed up.
async fn behind(proxies: &str) -> App {
    let app = App::start_with(&[("TRUSTED_PROXIES", proxies)]).await;
    app.signed_up(EMAIL).await;
    app
}

/// Where a log-in with these headers came from, as /sessions and /logins say.
async fn seen(app: &App, lists: &[&str]) -> String {
    let mut browser = app.client();
    let request = log_in(&browser, lists);
    browser.send(request).await.redirects_to();
    shown(&mut browser).await
}

fn log_in(browser: &Client, lists: &[&str]) -> RequestBuilder {
    let request = browser.request(Method::POST, "/login");
    let request = request.form(&[("email", EMAIL), ("password", PASSWORD)]);
    lists.iter().fold(request, |request, list| request.header("X-Forwarded-For", *list))
}

/// The address of this session, which is that of the latest log-in.
async fn shown(browser: &mut Client) -> String {
    let sessions = browser.get("/sessions").await;
    let logins = browser.get("/logins").await;
    let address = cell(&sessions, "<dt>IP address</dt><dd>");
    assert_eq!(address, cell(&logins, "data-label=\"IP address\">"));
    address
}

/// The text of the first cell that begins like this.
fn cell(page: &Answer, start: &str) -> String {
    let (_, rest) = page.body.split_once(start).unwrap_or_else(|| panic!("{}", page.body));
    rest.split_once('<').unwrap().0.to_owned()
}

//! Behind a proxy: the configurations in docs/deploy, as they are but for addresses and paths, in
//! front of two nodes on PostgreSQL.
//!
//! Everything is real and on loopback: nginx or Caddy, TLS with a certificate of the test's own,
//! the server as a process, and curl, which verifies the certificate and keeps to the rules for
//! `__Host-` and Secure cookies. What is not installed is said, and left out; with
//! `CI=true` or `WAXSEAL_REQUIRE_PROXIES=1` it fails instead.

// Client and proxy need different addresses, and only Linux has all of 127.0.0.0/8.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "the processes go by the real time")]

mod browser;
mod proxy;
mod site;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use proxy::Kind;
use reqwest::StatusCode;
use site::{COOKIE_NAME, HOST, Site, eventually};
use test_support::{EMAIL, PASSWORD, Process, raw};

/// Where the browser is: the proxy is at 127.0.0.1.
const CLIENT: &str = "127.0.0.2";

/// Each of these, behind each proxy.
macro_rules! behind_each_proxy {
    ($($name:ident)*) => {
        mod nginx {
            $(#[test] fn $name() { super::Site::start(super::Kind::Nginx).as_ref().map(super::$name); })*
        }
        mod caddy {
            $(#[test] fn $name() { super::Site::start(super::Kind::Caddy).as_ref().map(super::$name); })*
        }
    };
}

/// Slips in the setup, behind each proxy.
macro_rules! set_up_wrongly {
    ($($name:ident)*) => {
        mod nginx_set_up_wrongly {
            $(#[test] fn $name() { super::$name(super::Kind::Nginx); })*
        }
        mod caddy_set_up_wrongly {
            $(#[test] fn $name() { super::$name(super::Kind::Caddy); })*
        }
    };
}

set_up_wrongly! {
    a_proxy_that_is_not_trusted_is_told_of
    a_proxy_that_changes_the_host_is_told_of_until_the_public_url_is_set
}

behind_each_proxy! {
    a_session_is_known_to_every_node_and_ended_on_every_node
    the_clients_address_is_its_own_whatever_it_says
    forms_are_taken_from_this_site_only
    no_log_has_what_administrators_search_for
    the_site_goes_on_without_one_of_its_nodes
    nodes_are_restarted_one_after_the_other_without_an_outage
    the_site_is_there_while_the_database_is_not_writable
    only_this_sites_name_leads_to_a_node_and_only_by_https
}

fn a_session_is_known_to_every_node_and_ended_on_every_node(site: &Site) {
    let ann = site.browser(CLIENT);
    let answer = ann.post("/signup", &[("email", EMAIL), ("password", PASSWORD)]);
    assert_eq!(answer.redirects_to(), "/profile");
    let [cookie] = answer.set_cookies()[..] else { panic!("{answer:?}") };
    assert!(cookie.starts_with(&format!("{COOKIE_NAME}=")), "{cookie}");
    assert!(cookie.contains("; Secure;") && !cookie.contains("Domain"), "{cookie}");
    for node in &site.nodes {
        eventually(Duration::from_secs(5), "both nodes show the profile", || {
            let page = ann.get("/profile");
            assert_eq!(page.status, 200, "{page:?}");
            assert!(page.body.contains(EMAIL), "{page:?}");
            node.has_logged("\"GET /profile\" 200")
        });
    }

    let token = ann.session().unwrap();
    for node in &site.nodes {
        assert_eq!(profile(node, &token), 200);
    }
    let copy = ann.copy();
    let answer = ann.post("/logout", &[]);
    assert_eq!(answer.redirects_to(), "/login");
    assert_eq!(ann.session(), None);
    for node in &site.nodes {
        eventually(Duration::from_secs(5), "each node refuses the copied cookie", || {
            profile(node, &token) == 303
        });
    }
    for _ in 0..4 {
        let answer = copy.copy().get("/profile");
        assert_eq!(answer.redirects_to(), "/login?next=/profile", "through the proxy");
    }
    assert_eq!(setup_lines(site), [""; 0], "all is set up well");
}

fn the_clients_address_is_its_own_whatever_it_says(site: &Site) {
    let forged = ["X-Forwarded-For: 203.0.113.9, 127.0.0.1", "X-Real-IP: 203.0.113.9"];
    let ann = site.browser(CLIENT);
    let form = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(ann.post_with(&forged, "/signup", &form).redirects_to(), "/profile");
    for path in ["/sessions", "/logins"] {
        let page = ann.get(path);
        assert!(page.body.contains(&format!(">{CLIENT}<")), "{page:?}");
        assert!(!page.body.contains("203.0.113") && !page.body.contains(">127.0.0.1<"), "{page:?}");
    }
    let logs = || site.nodes.iter().map(log).collect::<String>();
    let answered = format!("] {CLIENT} \"POST /signup\" 303 ");
    eventually(Duration::from_secs(5), &answered, || logs().contains(&answered));
    let logs = logs();
    assert!(logs.lines().any(|line| line.contains("signed up: ") && line.ends_with(CLIENT)));
    assert!(!logs.contains("203.0.113"), "{logs}");

    // Nor by going around the proxy.
    let node = &site.nodes[0];
    let stranger = site.browser("127.0.0.3");
    let url = format!("http://{}/login", node.address);
    assert!(stranger.ask(&["--header", forged[0]], &url).is_some());
    node.wait_for("] 127.0.0.3 \"GET /login\" 200 ");
}

fn forms_are_taken_from_this_site_only(site: &Site) {
    let form = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(site.browser(CLIENT).post("/signup", &form).redirects_to(), "/profile");
    for (origin, status) in [
        (format!("https://{HOST}:{}", site.proxy.https), 303),
        (format!("https://{HOST}"), 403),
        (format!("https://{HOST}:{}", site.proxy.http), 403),
        (format!("https://evil.example:{}", site.proxy.https), 403),
        (format!("https://waxseal:{}", site.proxy.https), 403),
        (format!("http://{}", site.nodes[0].address), 403),
        ("null".to_owned(), 403),
    ] {
        let answer =
            site.browser(CLIENT).post_with(&[&format!("Origin: {origin}")], "/login", &form);
        assert_eq!(answer.status, status, "{origin}: {answer:?}");
    }
    for kilobytes in [17, 100] {
        let answer =
            site.browser(CLIENT).post("/login", &[("email", &"x".repeat(kilobytes << 10))]);
        assert_eq!(answer.status, 413, "larger than a form may be: {answer:?}");
        let promise = answer.header("strict-transport-security");
        assert_eq!(promise, "max-age=63072000", "{answer:?}");
    }
}

fn no_log_has_what_administrators_search_for(site: &Site) {
    let visitor = site.browser(CLIENT);
    let path = "/admin/users?q=zelda%40example.net";
    assert_eq!(visitor.get(path).status, 303);
    let referer = format!("Referer: https://{HOST}:{}{path}", site.proxy.https);
    assert_eq!(visitor.post_with(&[&referer], "/login", &[]).status, 422);
    for line in ["\"GET /admin/users\" 303", "\"POST /login\" 422"] {
        eventually(Duration::from_secs(5), line, || {
            site.nodes.iter().any(|node| node.has_logged(line))
                && (!site.has_access_log() || site.logs_of_the_proxy().contains(line))
        });
    }
    let logs = site.nodes.iter().map(log).collect::<String>() + &site.logs_of_the_proxy();
    assert!(!logs.contains("zelda"), "{logs}");
}

fn the_site_goes_on_without_one_of_its_nodes(site: &Site) {
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let ann = site.browser(CLIENT);
    assert_eq!(ann.post("/signup", &form).redirects_to(), "/profile");
    site.nodes[0].stop();
    for _ in 0..6 {
        let page = ann.get("/profile");
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(site.browser(CLIENT).post("/login", &form).redirects_to(), "/profile");
    }
    assert_eq!(ann.post("/logout", &[]).redirects_to(), "/login");
}

fn only_this_sites_name_leads_to_a_node_and_only_by_https(site: &Site) {
    let browser = site.browser(CLIENT);
    let secure = browser.get("/login");
    assert_eq!(secure.status, 200);
    let promise = secure.header("strict-transport-security");
    assert_eq!(promise, "max-age=63072000");

    let plain = browser.ask(&[], &format!("http://{HOST}:{}/login?next=/profile", site.proxy.http));
    assert!(matches!(plain.as_ref().unwrap().status.as_u16(), 301 | 308), "{plain:?}");
    // Caddy leaves the port out: it takes its own for one that the world reaches as 443.
    let leads_to = plain.as_ref().unwrap().header("location");
    let leads_to = leads_to.replace(&format!(":{}/", site.proxy.https), "/");
    assert_eq!(leads_to, format!("https://{HOST}/login?next=/profile"));

    let elsewhere = format!("https://evil.example:{}/login", site.proxy.https);
    assert!(browser.ask(&["--insecure"], &elsewhere).is_none(), "no TLS for any other name");
    let here = format!("https://{HOST}:{}/login", site.proxy.https);
    let host = format!("Host: evil.example:{}", site.proxy.https);
    let answer = browser.ask(&["--header", &host], &here);
    assert!(answer.is_none_or(|answer| !answer.body.contains("password")), "no page either");
}

/// As operations.md says: the second stops as soon as the first is ready.
fn nodes_are_restarted_one_after_the_other_without_an_outage(site: &Site) {
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let ann = site.browser(CLIENT);
    assert_eq!(ann.post("/signup", &form).redirects_to(), "/profile");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let page = ann.get("/profile");
                assert_eq!(page.status, 200, "{page:?}");
            }
        });
        let writing = [(); 2].map(|()| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let answer = site.browser(CLIENT).post("/logout", &[("a", "form")]);
                    // One that a node received as it stopped may be lost (502): it is not repeated.
                    assert!(matches!(answer.status.as_u16(), 303 | 502), "{answer:?}");
                }
            })
        });
        site.nodes[0].stop();
        let _first = site.start_node_again(0);
        site.nodes[1].stop();
        let _second = site.start_node_again(1);
        done.store(true, Ordering::Relaxed);
        reading.join().unwrap();
        writing.into_iter().for_each(|writer| writer.join().unwrap());
    });
}

/// No node is ready, but what only reads works.
fn the_site_is_there_while_the_database_is_not_writable(site: &Site) {
    let ann = site.browser(CLIENT);
    let form = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(ann.post("/signup", &form).redirects_to(), "/profile");
    site.make_database_read_only();
    for node in &site.nodes {
        eventually(Duration::from_secs(20), "the node is not ready", || {
            node.get("/readyz", &[]).status == 503
        });
    }
    // Longer than a proxy takes to notice that a node is unhealthy.
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        assert_eq!(site.browser(CLIENT).get("/login").status, 200);
        assert_eq!(ann.get("/api/session").status, 200);
        assert_eq!(ann.get("/profile").status, 200);
    }
    let refused = site.browser(CLIENT).post("/login", &form);
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "5"));
}

#[test]
fn caddy_says_when_to_come_back_while_there_is_no_node() {
    let Some(site) = Site::start(Kind::Caddy) else { return };
    site.nodes.iter().for_each(Process::kill);
    let answer = site.browser(CLIENT).get("/login");
    assert!(matches!(answer.status.as_u16(), 502 | 503), "{answer:?}");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(answer.body.contains("try again"), "{answer:?}");
}

#[test]
fn caddy_asks_every_node_whether_it_lives() {
    let settings = [("RUST_LOG", "info,waxseal::access=debug")];
    let Some(site) = Site::start_with(Kind::Caddy, &settings, None) else { return };
    for node in &site.nodes {
        eventually(Duration::from_secs(10), "caddy has asked", || {
            node.has_logged("\"GET /healthz\" 200")
        });
    }
}

fn a_proxy_that_is_not_trusted_is_told_of(kind: Kind) {
    let settings = [("TRUSTED_PROXIES", "10.0.0.1")];
    let Some(site) = Site::start_with(kind, &settings, None) else { return };
    let visitor = site.browser(CLIENT);
    while visitor.post("/signup", &[]).status != 429 {}
    // Everyone counts as the proxy.
    eventually(Duration::from_secs(5), "the limits hold on both nodes", || {
        site.browser("127.0.0.3").post("/signup", &[]).status == 429
    });
    let lines = setup_lines(&site);
    for text in ["127.0.0.1 sends X-Forwarded-For", "sign-ups from 127.0.0.1 are being limited"] {
        let line = lines.iter().find(|line| line.contains(text));
        assert!(line.is_some_and(|line| line.contains("add 127.0.0.1 to")), "{text}: {lines:#?}");
    }
}

fn a_proxy_that_changes_the_host_is_told_of_until_the_public_url_is_set(kind: Kind) {
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let same_origin = "Sec-Fetch-Site: same-origin";
    let Some(site) = Site::start_with(kind, &[], Some("waxseal")) else { return };
    let ours = format!("https://{HOST}:{}", site.proxy.https);
    let origin = format!("Origin: {ours}");
    let answer = site.browser(CLIENT).post_with(&[&origin, same_origin], "/signup", &form);
    assert_eq!(answer.redirects_to(), "/profile", "the browser vouches for it");
    let refused = site.browser(CLIENT).post_with(&[&origin], "/login", &form);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("<h1>Request refused</h1>"), "{refused:?}");
    assert!(!refused.body.contains("account"), "{refused:?}");
    let told = format!("a form from {ours} came with the Host \"waxseal\"");
    let remedy = format!("set PUBLIC_URL={ours}");
    let lines = setup_lines(&site);
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line.contains(&told) && line.contains(&remedy)), "{lines:#?}");

    drop(site);
    // The port is another one now, so the setting names it without.
    let settings = [("PUBLIC_URL", "https://example.com")];
    let Some(site) = Site::start_with(kind, &settings, Some("waxseal")) else { return };
    let origin = "Origin: https://example.com";
    let answer = site.browser(CLIENT).post_with(&[origin], "/signup", &form);
    assert_eq!(answer.redirects_to(), "/profile");
    assert_eq!(setup_lines(&site), [""; 0]);
}

/// What the nodes have told of their setup so far.
fn setup_lines(site: &Site) -> Vec<String> {
    let lines = site.nodes.iter().flat_map(Process::log);
    lines.filter(|line| line.contains(" waxseal::setup] ")).collect()
}

/// How a node answers a request for the profile that comes past the proxy.
fn profile(node: &Process, token: &str) -> StatusCode {
    let cookie = format!("Cookie: {COOKIE_NAME}={token}");
    raw::get(node.address, "/profile", &[&cookie]).unwrap().status
}

fn log(node: &Process) -> String {
    node.log().iter().map(|line| format!("{line}\n")).collect()
}

//! Whether a browser has lost the cookie of a log-in that it was just granted.
//!
//! The usual check, a cookie to see whether cookies work, would be one for visitors who did nothing.
//! Instead the node remembers log-ins for a few seconds. A browser without the cookie is led from the
//! page after the log-in back to the log-in page, and says that it comes from there.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpRequest,
    http::{
        Method, StatusCode, Uri,
        header::{COOKIE, HeaderMap, REFERER, SET_COOKIE, USER_AGENT},
    },
};
use waxseal_session::Clock;

use crate::web::{extractors::client_info, site_origin::scheme_of_own_page};

/// How long a log-in is remembered: longer than a browser takes for two redirects.
const MEMORY: Duration = Duration::from_secs(10);

/// How many log-ins are remembered: more than a node can grant in that time.
const MAX_LOG_INS: usize = 1_000;

/// The pages whose forms log in.
const LOG_IN_PAGES: [&str; 2] = ["/login", "/signup"];

/// The log-ins of the last seconds: when, by the hash of address and browser.
pub(crate) struct LostCookies {
    cookie_name: String,
    clock: Clock,
    hasher: RandomState,
    log_ins: Mutex<HashMap<u64, Duration>>,
}

impl LostCookies {
    pub(super) fn new(cookie_name: String, clock: Clock) -> Self {
        Self { cookie_name, clock, hasher: RandomState::new(), log_ins: Mutex::default() }
    }

    /// Remembers the request, if the response logs in.
    pub(crate) fn note(&self, request: &HttpRequest, status: StatusCode, response: &HeaderMap) {
        let logs_in = request.method() == Method::POST
            && status == StatusCode::SEE_OTHER
            && LOG_IN_PAGES.contains(&request.path())
            && response.get_all(SET_COOKIE).any(|cookie| self.is_session(cookie.as_bytes()));
        if !logs_in {
            return;
        }
        let (browser, now) = (self.browser(request), self.clock.elapsed());
        let mut log_ins = self.log_ins.lock().unwrap_or_else(PoisonError::into_inner);
        if log_ins.len() >= MAX_LOG_INS {
            log_ins.retain(|_, granted| now.saturating_sub(*granted) < MEMORY);
        }
        if log_ins.len() < MAX_LOG_INS {
            log_ins.insert(browser, now);
        }
    }

    /// Whether this request for the log-in page comes from a browser that was just logged in, was led
    /// back here, and has no session cookie.
    pub(super) fn is_lost(&self, request: &HttpRequest) -> bool {
        let headers = request.headers();
        let has_session = || headers.get_all(COOKIE).any(|line| self.has_session(line.as_bytes()));
        request.query_string().starts_with("next=")
            && comes_from_log_in(headers)
            && !has_session()
            && self.was_logged_in(request)
    }

    fn was_logged_in(&self, request: &HttpRequest) -> bool {
        let log_ins = self.log_ins.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = log_ins.get(&self.browser(request));
        granted.is_some_and(|granted| self.clock.elapsed().saturating_sub(*granted) < MEMORY)
    }

    /// Tells browsers apart, as far as that goes: people behind one address may have the same.
    fn browser(&self, request: &HttpRequest) -> u64 {
        let user_agent = request.headers().get(USER_AGENT).map(|name| name.as_bytes());
        self.hasher.hash_one((client_info::address(request), user_agent))
    }

    fn has_session(&self, cookies: &[u8]) -> bool {
        cookies.split(|byte| *byte == b';').any(|cookie| self.is_session(cookie.trim_ascii()))
    }

    /// Whether it is the session's cookie, with a value.
    fn is_session(&self, cookie: &[u8]) -> bool {
        let value = cookie.strip_prefix(self.cookie_name.as_bytes());
        let value = value.and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(|value| !value.is_empty() && !value.starts_with(b";"))
    }
}

/// Whether the page before this one was one of this host that logs in. Redirects don't count as pages.
fn comes_from_log_in(headers: &HeaderMap) -> bool {
    let page = headers.get(REFERER).and_then(|page| page.to_str().ok());
    let page = page.and_then(|page| page.parse::<Uri>().ok());
    page.is_some_and(|page| LOG_IN_PAGES.contains(&page.path()))
        && scheme_of_own_page(headers).is_some()
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::header::{HOST, HeaderValue},
        test::TestRequest,
    };
    use waxseal_session::Timestamp;

    use super::*;

    const COOKIE: HeaderValue = HeaderValue::from_static("__Host-waxseal=sealed; Path=/; Secure");

    fn watch() -> LostCookies {
        let clock = Clock::manual(Timestamp::from_unix(0));
        LostCookies::new("__Host-waxseal".to_owned(), clock)
    }

    fn log_in(cookies: &LostCookies, user_agent: &str, set_cookie: HeaderValue) {
        let request = TestRequest::post().uri("/login").insert_header((USER_AGENT, user_agent));
        let response = [(SET_COOKIE, set_cookie)].into_iter().collect();
        cookies.note(&request.to_http_request(), StatusCode::SEE_OTHER, &response);
    }

    fn back(user_agent: &str, path: &str, referer: &str, cookie: &str) -> HttpRequest {
        TestRequest::get()
            .uri(path)
            .insert_header((HOST, "a.example"))
            .insert_header((USER_AGENT, user_agent))
            .insert_header((REFERER, referer))
            .insert_header(("cookie", cookie))
            .to_http_request()
    }

    #[test]
    fn only_the_browser_that_logged_in_and_is_led_back_without_its_cookie_has_lost_it() {
        let cookies = watch();
        let (path, login) = ("/login?next=/profile", "https://a.example/login");
        let lost = |user_agent: &str, path: &str, referer: &str, cookie: &str| {
            cookies.is_lost(&back(user_agent, path, referer, cookie))
        };
        assert!(!lost("A", path, login, ""));
        log_in(&cookies, "A", COOKIE);
        assert!(lost("A", path, login, ""));
        assert!(lost("A", path, login, "theme=dark; other__Host-waxseal=1"));
        assert!(lost("A", path, "https://a.example/signup?next=/profile", ""));
        assert!(!lost("B", path, login, ""), "another browser");
        assert!(!lost("A", "/login", login, ""), "not led back");
        assert!(!lost("A", path, "https://a.example/profile", ""), "from another page");
        assert!(!lost("A", path, "https://b.example/login", ""), "from another site");
        assert!(!lost("A", path, login, "theme=dark; __Host-waxseal=sealed"), "with the cookie");
        cookies.clock.elapse(MEMORY);
        assert!(!lost("A", path, login, ""), "later");
    }

    #[test]
    fn a_response_that_clears_the_cookie_is_no_log_in() {
        let cookies = watch();
        log_in(&cookies, "A", HeaderValue::from_static("__Host-waxseal=; Path=/; Secure"));
        assert!(cookies.log_ins.lock().unwrap().is_empty());
    }

    #[test]
    fn log_ins_are_forgotten_when_there_are_too_many() {
        let cookies = watch();
        let number = || cookies.log_ins.lock().unwrap().len();
        for number in 0..=MAX_LOG_INS {
            log_in(&cookies, &number.to_string(), COOKIE);
        }
        assert_eq!(number(), MAX_LOG_INS);
        cookies.clock.elapse(MEMORY);
        log_in(&cookies, "A", COOKIE);
        assert_eq!(number(), 1);
    }
}

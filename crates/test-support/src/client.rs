//! An HTTP client with a cookie jar.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, COOKIE},
    redirect::Policy,
};
use serde_json::Value;
use waxseal_session::{Clock, Timestamp};

use crate::{Answer, App, COOKIE_NAME, PASSWORD};

/// An HTTP client that acts like a browser: it keeps cookies until they expire and sends
/// `Sec-Fetch-Site`. It follows no redirects, and sends Secure cookies over HTTP. A clone has a copy of
/// the cookies.
#[derive(Clone)]
pub struct Client {
    client: reqwest::Client,
    server: SocketAddr,
    clock: Clock,
    jar: BTreeMap<String, Cookie>,
}

#[derive(Clone)]
struct Cookie {
    value: String,
    until: Timestamp,
}

impl Client {
    /// A client without cookies. The clock decides when cookies expire.
    pub fn new(server: SocketAddr, clock: Clock) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy();
        Self { client: client.build().unwrap(), server, clock, jar: BTreeMap::new() }
    }

    /// Switches to another instance of the application, with the same cookies.
    pub fn move_to(&mut self, app: &App) {
        self.server = app.address;
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header("Sec-Fetch-Site", "none");
        self.send(request).await
    }

    /// Sends a form from one of the site's own pages.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request =
            self.request(Method::POST, path).header("Sec-Fetch-Site", "same-origin").form(form);
        self.send(request).await
    }

    /// Sends a form without fields.
    pub async fn press(&mut self, path: &str) -> Answer {
        self.post(path, &[]).await
    }

    /// Sends any body.
    pub async fn post_body(
        &mut self,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.request(Method::POST, path);
        self.send(request.header(CONTENT_TYPE, content_type).body(body)).await
    }

    pub async fn sign_up(&mut self, email: &str, password: &str) -> Answer {
        self.post("/signup", &[("email", email), ("password", password)]).await
    }

    pub async fn log_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    /// Logs in with [`PASSWORD`]. Panics if that fails.
    pub async fn logged_in(mut self, email: &str) -> Self {
        let answer = self.log_in(email, PASSWORD).await;
        assert_eq!(answer.redirects_to(), "/profile", "{}", answer.body);
        self
    }

    /// Signs up with [`PASSWORD`]. Panics if that fails.
    pub async fn signed_up(mut self, email: &str) -> Self {
        let answer = self.sign_up(email, PASSWORD).await;
        assert_eq!(answer.redirects_to(), "/profile", "{}", answer.body);
        self
    }

    pub async fn log_out(&mut self) -> Answer {
        self.press("/logout").await
    }

    /// Whether the server shows the profile rather than asking to log in.
    pub async fn is_logged_in(&mut self) -> bool {
        let answer = self.get("/profile").await;
        match answer.status {
            StatusCode::OK => true,
            StatusCode::SEE_OTHER => {
                assert_eq!(answer.redirects_to(), "/login?next=/profile");
                false
            }
            status => panic!("{status}: {}", answer.body),
        }
    }

    /// The session's id.
    pub async fn session_id(&mut self) -> String {
        let answer = self.get("/api/session").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let session: Value = serde_json::from_str(&answer.body).unwrap();
        session["session_id"].as_str().unwrap().to_owned()
    }

    /// The value of the session cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookie(COOKIE_NAME)
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let now = self.clock.now();
        self.jar.get(name).filter(|cookie| now < cookie.until).map(|cookie| cookie.value.as_str())
    }

    /// Sets a cookie that the server has not sent. It never expires.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        let cookie = Cookie { value: value.to_owned(), until: Timestamp::MAX };
        self.jar.insert(name.to_owned(), cookie);
    }

    /// A request without the headers that browsers add. Pass it to [`send`](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.server))
    }

    /// Sends a request with the cookies, and stores those of the response.
    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let names = self.jar.keys().filter_map(|name| Some((name, self.cookie(name)?)));
        let cookies: Vec<String> = names.map(|(name, value)| format!("{name}={value}")).collect();
        let request = match cookies.is_empty() {
            true => request,
            false => request.header(COOKIE, cookies.join("; ")),
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await.unwrap() };
        for cookie in answer.all_cookies() {
            self.store_cookie(cookie);
        }
        answer
    }

    fn store_cookie(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once("; ").expect("a cookie with attributes");
        let (name, value) = pair.split_once('=').unwrap();
        let max_age =
            attributes.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="));
        let max_age = max_age.expect("a cookie that says how long it lives").parse().unwrap();
        if max_age == 0 {
            assert_eq!(value, "", "{cookie}");
            self.jar.remove(name);
        } else {
            let until = self.clock.now() + Duration::from_secs(max_age);
            self.jar.insert(name.to_owned(), Cookie { value: value.to_owned(), until });
        }
    }
}

//! A visitor without a window: what the server sends, before a browser has made a page of it.

use reqwest::{
    Client, Method, RequestBuilder,
    header::{COOKIE, LOCATION, REFERER, SET_COOKIE},
    redirect::Policy,
};

use crate::{
    harness::PASSWORD,
    pages::{Step, Step::*},
};

/// Keeps the session's cookie, follows redirects and says where it comes from, as browsers do.
pub struct Visitor {
    client: Client,
    site: String,
    /// The value of the session's cookie.
    pub cookie: Option<String>,
    from: Option<String>,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Visitor {
    pub fn new(site: &str, browser: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().user_agent(browser);
        Self { client: client.build().unwrap(), site: site.to_owned(), cookie: None, from: None }
    }

    pub async fn sign_up(&mut self, email: &str) {
        self.enter("/signup", email).await;
    }

    pub async fn log_in(&mut self, email: &str) {
        self.enter("/login", email).await;
    }

    async fn enter(&mut self, path: &str, email: &str) {
        let form =
            Post(path.to_owned(), vec![("email", email.into()), ("password", PASSWORD.into())]);
        let answer = self.go(&form).await;
        assert!(answer.status == 200 && self.cookie.is_some(), "{email}: {}", answer.body);
    }

    /// Goes where the step leads, through redirects.
    pub async fn go(&mut self, step: &Step) -> Answer {
        let (mut path, mut request) = match step {
            Get(path) => (path.clone(), self.request(Method::GET, path, "none")),
            Post(path, form) => {
                (path.clone(), self.request(Method::POST, path, "same-origin").form(form))
            }
            Trouble(_) => panic!("that is nothing that a visitor does"),
        };
        for _ in 0..5 {
            let response = request.send().await.unwrap();
            for cookie in response.headers().get_all(SET_COOKIE) {
                let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
                let value = pair.strip_prefix("session=").expect("the session's cookie");
                self.cookie = (!value.is_empty()).then(|| value.to_owned());
            }
            if response.status() != 303 {
                self.from = Some(format!("{}{path}", self.site));
                let status = response.status().as_u16();
                return Answer { status, body: response.text().await.unwrap() };
            }
            path = response.headers()[LOCATION].to_str().unwrap().to_owned();
            request = self.request(Method::GET, &path, "same-origin");
        }
        panic!("{path} leads nowhere")
    }

    fn request(&self, method: Method, path: &str, from: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.site);
        let mut request = self.client.request(method, url).header("Sec-Fetch-Site", from);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, format!("session={cookie}"));
        }
        if let Some(from) = &self.from {
            request = request.header(REFERER, from);
        }
        request
    }
}

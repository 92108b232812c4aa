//! A visitor without a window: what the server sends, before a browser has made a page of it.

use reqwest::{Method, header::USER_AGENT};
use test_support::{Answer, App, COOKIE_NAME, Client, PASSWORD};

use crate::pages::{Step, Step::*};

/// Follows redirects, as browsers do.
pub struct Visitor {
    client: Client,
    user_agent: &'static str,
}

impl Visitor {
    pub fn new(app: &App, user_agent: &'static str) -> Self {
        Self { client: app.client(), user_agent }
    }

    /// Gives it a session's cookie.
    pub fn set_cookie(&mut self, cookie: &str) {
        self.client.set_cookie(COOKIE_NAME, cookie);
    }

    /// The value of the session's cookie, if it has one.
    pub fn cookie(&self) -> Option<String> {
        self.client.session().map(str::to_owned)
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
        assert!(answer.status == 200 && self.cookie().is_some(), "{email}: {}", answer.body);
    }

    /// Goes where the step leads, through redirects.
    pub async fn go(&mut self, step: &Step) -> Answer {
        let (mut path, mut answer) = match step {
            Get(path) => (path.clone(), self.ask(Method::GET, path, "none", &[]).await),
            Post(path, form) => {
                (path.clone(), self.ask(Method::POST, path, "same-origin", form).await)
            }
            Trouble(_) => panic!("a visitor can't do that"),
        };
        for _ in 0..5 {
            if answer.status != 303 {
                return answer;
            }
            path = answer.redirects_to().to_owned();
            answer = self.ask(Method::GET, &path, "same-origin", &[]).await;
        }
        panic!("{path} leads nowhere")
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        site: &str,
        form: &[(&'static str, String)],
    ) -> Answer {
        let is_form = method == Method::POST;
        let mut request = self.client.request(method, path);
        request = request.header("Sec-Fetch-Site", site).header(USER_AGENT, self.user_agent);
        self.client.send(if is_form { request.form(form) } else { request }).await
    }
}

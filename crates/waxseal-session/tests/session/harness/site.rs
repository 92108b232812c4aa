//! An app in the middleware, and a browser that sends the given cookies.

use std::{future::Future, pin::Pin, rc::Rc};

use actix_web::{
    App, Error,
    dev::ServiceResponse,
    http::header::{COOKIE, HeaderValue},
    test::{TestRequest, init_service, try_call_service},
    web::ServiceConfig,
};
use waxseal_session::{SessionMiddleware, SessionStore};

use super::{Answer, NAME};

/// An app in the test harness.
pub struct Site {
    call: Box<dyn Fn(TestRequest) -> Outcome>,
}

type Outcome = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

impl Site {
    /// An app with these routes, wrapped in the middleware.
    pub async fn wrapped<R: SessionStore>(
        middleware: SessionMiddleware<R>,
        routes: impl FnOnce(&mut ServiceConfig),
    ) -> Self {
        let app = Rc::new(init_service(App::new().wrap(middleware).configure(routes)).await);
        let call = move |request: TestRequest| -> Outcome {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let outcome = try_call_service(&*app, request.to_request()).await;
                outcome.map(ServiceResponse::map_into_boxed_body)
            })
        };
        Self { call: Box::new(call) }
    }

    /// Every answer that a test sees has come through here, so all of them are held to one
    /// `Set-Cookie` for the session at most.
    pub async fn send(&self, request: TestRequest) -> Answer {
        self.call(request).await
    }

    /// The same, but the answer may have several cookies, of any name.
    pub async fn send_any(&self, request: TestRequest) -> Answer {
        Answer::from((self.call)(request).await)
    }

    /// The same, to be polled by the test.
    pub fn call(&self, request: TestRequest) -> Pin<Box<dyn Future<Output = Answer>>> {
        let outcome = (self.call)(request);
        Box::pin(async move {
            let answer = Answer::from(outcome.await);
            let _at_most_one = answer.cookie();
            answer
        })
    }

    /// Asks for a page without any cookie.
    pub async fn visit(&self, path: &str) -> Answer {
        self.send(TestRequest::with_uri(path)).await
    }

    /// Asks for a page with the session's cookie.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.with_cookies(path, &[format!("{NAME}={token}").as_bytes()]).await
    }

    /// Asks for a page with these `Cookie` headers.
    pub async fn with_cookies(&self, path: &str, headers: &[&[u8]]) -> Answer {
        let headers = headers.iter().map(|header| HeaderValue::from_bytes(header).unwrap());
        let request = headers.fold(TestRequest::with_uri(path), |request, header| {
            request.append_header((COOKIE, header))
        });
        self.send(request).await
    }

    /// Logs a visitor in and hands back the token of the new session.
    pub async fn log_in(&self, user: &str) -> String {
        self.visit(&format!("/login/{user}")).await.sealed().value
    }

    /// Who the site takes the bearer of this token for.
    pub async fn user(&self, token: &str) -> Option<String> {
        self.get("/state", token).await.user().await
    }
}

//! A handler that panics answers 500 like any other error, and the process lives on.

use std::{
    future::{Future, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
};

use actix_web::Handler;
use futures_util::FutureExt;

use crate::web::error::AppError;

/// A handler whose panics become [`AppError::Panic`].
///
/// State that it shares with other requests must survive a panic: a mutex is poisoned, a
/// transaction that was not committed is rolled back.
#[derive(Clone)]
pub(crate) struct CatchPanic<H>(pub(crate) H);

impl<H, Args> Handler<Args> for CatchPanic<H>
where
    H: Handler<Args>,
    Args: 'static,
{
    type Output = Result<H::Output, AppError>;
    type Future = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn call(&self, args: Args) -> Self::Future {
        // It may panic before there is a future, too.
        match catch_unwind(AssertUnwindSafe(|| self.0.call(args))) {
            Ok(future) => Box::pin(
                AssertUnwindSafe(future)
                    .catch_unwind()
                    .map(|outcome| outcome.map_err(|_| AppError::Panic)),
            ),
            Err(_logged_by_the_panic_hook) => Box::pin(ready(Err(AppError::Panic))),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        http::StatusCode,
        middleware::from_fn,
        test::{TestRequest, call_service, init_service, read_body},
        web::{Path, get},
    };

    use super::*;
    use crate::web::middleware::error_pages;

    async fn in_the_middle(number: Path<u32>) -> HttpResponse {
        assert_eq!(*number, 1, "planted");
        HttpResponse::Ok().finish()
    }

    fn at_once(_: Path<u32>) -> std::future::Ready<HttpResponse> {
        panic!("planted")
    }

    #[actix_web::test]
    async fn a_panic_is_a_page_and_the_next_request_is_served() {
        let app = App::new()
            .route("/middle/{number}", get().to(CatchPanic(in_the_middle)))
            .route("/once/{number}", get().to(CatchPanic(at_once)))
            .wrap(from_fn(error_pages));
        let app = init_service(app).await;
        for (path, status) in [("/middle/2", 500), ("/once/1", 500), ("/middle/1", 200)] {
            let answer = call_service(&app, TestRequest::get().uri(path).to_request()).await;
            assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap(), "{path}");
            if status == 500 {
                let page = read_body(answer).await;
                let page = String::from_utf8_lossy(&page);
                assert!(page.contains("<h1>Server error</h1>"), "{page}");
                assert!(!page.contains("planted"), "{page}");
            }
        }
    }
}

//! Resources by the methods they answer. Other methods get 405, and a handler that panics a 500.

use actix_web::{FromRequest, Handler, Resource, Responder, web};

use super::middleware::catch_panic::CatchPanic;

/// Answers GET, and HEAD alike.
pub(super) fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let handler = CatchPanic(handler);
    web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// Answers POST.
pub(super) fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::post().to(CatchPanic(handler)))
}

/// Answers GET and HEAD with a form, and POST by submitting it.
pub(super) fn form<F, A, G, B>(path: &str, show: F, submit: G) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
    G: Handler<B>,
    B: FromRequest + 'static,
    G::Output: Responder + 'static,
{
    get(path, show).route(web::post().to(CatchPanic(submit)))
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        http::{Method, StatusCode},
        middleware::from_fn,
        test::{TestRequest, call_service, init_service},
    };

    use super::*;
    use crate::web::middleware::error_pages;

    async fn harmless() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    async fn panics() -> HttpResponse {
        panic!("planted")
    }

    #[actix_web::test]
    async fn a_panic_is_a_page_on_every_kind_of_resource() {
        let app = App::new()
            .service(get("/get", panics))
            .service(form("/shows", panics, harmless))
            .service(form("/submits", harmless, panics))
            .service(post("/post", panics))
            .wrap(from_fn(error_pages));
        let app = init_service(app).await;
        for (method, path) in [
            (Method::GET, "/get"),
            (Method::HEAD, "/get"),
            (Method::GET, "/shows"),
            (Method::POST, "/submits"),
            (Method::POST, "/post"),
        ] {
            let request = TestRequest::with_uri(path).method(method).to_request();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        }
    }
}

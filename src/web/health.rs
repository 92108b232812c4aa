//! For whoever watches over the process.

use actix_web::{HttpResponse, http::header::ContentType};

/// The process lives.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body("alive\n")
}

//! For whoever watches over the process.

use actix_web::{
    HttpResponse,
    http::header::{ContentType, RETRY_AFTER},
    web::Data,
};
use serde::Serialize;

use super::error::RETRY_AFTER_SECONDS;
use crate::accounts::{Accounts, Health};

/// `GET /readyz`: whether requests should be sent here, and the state of what that depends on.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    revocation_feed: &'static str,
}

/// The process lives.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body("alive\n")
}

/// The process can do its work. Nothing is asked for it: the revocation feed asks the database
/// every second, and this tells how that went.
pub(super) async fn ready(accounts: Data<Accounts>) -> HttpResponse {
    let Health { database, revocation_feed } = accounts.health();
    let readiness = Readiness {
        ready: database && revocation_feed,
        database: if database { "ok" } else { "out of reach" },
        revocation_feed: if revocation_feed { "ok" } else { "stale" },
    };
    if readiness.ready {
        return HttpResponse::Ok().json(readiness);
    }
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS)).json(readiness)
}

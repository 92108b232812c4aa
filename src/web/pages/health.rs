//! Health checks for load balancers and monitoring: `/healthz` and `/readyz`.

use actix_web::{
    HttpResponse,
    http::header::{ContentType, RETRY_AFTER},
    web::Data,
};
use serde::Serialize;
use waxseal_session::SessionError;

use crate::accounts::{Accounts, DatabaseStatus, Health};

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    revocation_feed: &'static str,
}

/// `GET /healthz`: the process runs.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::plaintext()).body("alive\n")
}

/// `GET /readyz`: whether to send requests here. It asks nothing itself: the revocation feed asks
/// the database every second, and this reports the result.
pub(crate) async fn ready(accounts: Data<Accounts>) -> HttpResponse {
    let Health { database, revocation_feed } = accounts.health();
    let readiness = Readiness {
        ready: database == DatabaseStatus::Writable && revocation_feed,
        database: match database {
            DatabaseStatus::Writable => "ok",
            DatabaseStatus::ReadOnly => "not writable",
            DatabaseStatus::FileGone => "file removed or replaced",
            DatabaseStatus::Unreachable => "out of reach",
        },
        revocation_feed: if revocation_feed { "ok" } else { "stale" },
    };
    if readiness.ready {
        return HttpResponse::Ok().json(readiness);
    }
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, SessionError::RETRY_AFTER_SECONDS)).json(readiness)
}

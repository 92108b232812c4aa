//! The pages of the site that the tests visit: one for each thing a handler can do to a session.

use std::collections::BTreeMap;

use actix_session::Session;
use actix_web::{
    HttpResponse, Result,
    web::{self, Data, Path, ServiceConfig},
};
use serde_json::value::RawValue;
use waxseal_session::{Clock, CurrentSession};

use super::seconds;

pub fn handlers(routes: &mut ServiceConfig, clock: Clock) {
    routes
        .app_data(Data::new(clock))
        .route("/untouched", web::to(HttpResponse::Ok))
        .route("/state", web::to(state))
        .route("/current", web::to(current))
        .route("/login/{user}", web::to(log_in))
        .route("/set/{key}/{value}", web::to(set))
        .route("/fill/{bytes}", web::to(fill))
        .route("/increment/{key}", web::to(increment))
        .route("/remove/{key}", web::to(remove))
        .route("/clear", web::to(clear))
        .route("/renew", web::to(renew))
        .route("/purge", web::to(purge))
        .route("/set-while-time-passes/{seconds}", web::to(set_while_time_passes));
}

/// The state, as a JSON object sorted by keys.
async fn state(session: Session) -> Result<String> {
    let entries = session.entries();
    let state: BTreeMap<&str, &RawValue> = entries
        .iter()
        .map(|(key, value)| Ok((key.as_str(), serde_json::from_str(value)?)))
        .collect::<Result<_>>()?;
    Ok(serde_json::to_string(&state)?)
}

/// 401 where there is no session.
async fn current(session: CurrentSession) -> String {
    let CurrentSession { id, auth_time, expires_at, .. } = session;
    format!("{id} {} {}", auth_time.as_unix(), expires_at.as_unix())
}

async fn log_in(session: Session, user: Path<String>) -> Result<HttpResponse> {
    session.insert("user_id", user.into_inner())?;
    session.renew();
    Ok(HttpResponse::SeeOther().finish())
}

async fn set(session: Session, pair: Path<(String, String)>) -> Result<HttpResponse> {
    let (key, value) = pair.into_inner();
    session.insert(key, value)?;
    Ok(HttpResponse::Ok().finish())
}

/// Makes the state as large as asked for.
async fn fill(session: Session, bytes: Path<usize>) -> Result<HttpResponse> {
    session.insert("filling", "x".repeat(*bytes))?;
    Ok(HttpResponse::Ok().finish())
}

async fn increment(session: Session, key: Path<String>) -> Result<HttpResponse> {
    session.update(key.into_inner(), |count: u64| count + 1)?;
    Ok(HttpResponse::Ok().finish())
}

async fn remove(session: Session, key: Path<String>) -> HttpResponse {
    session.remove(&key);
    HttpResponse::Ok().finish()
}

async fn clear(session: Session) -> HttpResponse {
    session.clear();
    HttpResponse::Ok().finish()
}

async fn renew(session: Session) -> HttpResponse {
    session.renew();
    HttpResponse::Ok().finish()
}

async fn purge(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::Ok().finish()
}

/// A handler that takes its time.
async fn set_while_time_passes(
    session: Session,
    clock: Data<Clock>,
    by: Path<u64>,
) -> Result<HttpResponse> {
    clock.advance(seconds(*by));
    session.insert("slow", true)?;
    Ok(HttpResponse::Ok().finish())
}

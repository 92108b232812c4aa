//! The servers to compare, each a process with one worker. All answer `GET /` with the same page, which
//! shows one value of the session; without a session, with 401.

mod actix_session_cookie;
mod actix_session_redis;
mod bare;
mod filled;
mod waxseal_session;

use std::collections::HashMap;

use actix_session::Session;
use actix_web::{Error, HttpResponse, rt, web};
use serde_json::Value;

use crate::Outcome;

/// The session's state, the same as in `crates/waxseal-session/benches/support/cases.rs`: six values in 200 bytes.
pub const STATE: &str = r#"{"user_id":"4bd1a6c0-83f5-4c39-9e0b-7d2f5a1c6e88","role":"member","locale":"en-GB","csrf":"q1Zx0cJ8mVt5Lr3NwYb7KdEe2HsPfUgA9oTiXk4uBn6","seen":[3,17,42,108,2231],"back_to":"/notes/2231?page=2#end-of"}"#;
const _: () = assert!(STATE.len() == 200);

/// The value shown on the page.
pub const USER_ID: &str = "4bd1a6c0-83f5-4c39-9e0b-7d2f5a1c6e88";

/// Serves until the process ends.
pub fn serve(name: &str, port: &str, database: &str) -> Outcome<()> {
    let port = port.parse()?;
    rt::System::new().block_on(async {
        match name {
            "bare" => bare::run(port).await,
            "filled" => filled::run(port).await,
            "actix-session-cookie" => actix_session_cookie::run(port).await,
            "actix-session-redis" => actix_session_redis::run(port, database).await,
            _ => waxseal_session::run(name, port, database).await,
        }
    })
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(home)).route("/login", web::post().to(log_in));
}

async fn home(session: Session) -> Result<HttpResponse, Error> {
    let user_id = session.get::<String>("user_id")?;
    Ok(user_id.map_or_else(|| HttpResponse::Unauthorized().finish(), |user_id| page(&user_id)))
}

async fn log_in(session: Session) -> Result<HttpResponse, Error> {
    let state: HashMap<String, Value> = serde_json::from_str(STATE)?;
    for (key, value) in state {
        session.insert(key, value)?;
    }
    Ok(HttpResponse::NoContent().finish())
}

fn page(user_id: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!(include_str!("page.html"), user_id = user_id))
}

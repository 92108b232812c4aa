//! The example of iron-session's README, told in waxseal's words: a session with a user name, as a JSON
//! API.
//!
//! | iron-session | here |
//! | --- | --- |
//! | `getIronSession(req, res, { password, cookieName })` | the extractor `TypedSession<SessionData>` |
//! | `session.username = "Alison"; await session.save()` | `session.set(&SessionData { … })?` |
//! | `session.destroy()` | `session.destroy()` |
//!
//! `cargo run -p examples --bin iron_session`, then:
//!
//! ```sh
//! curl -c jar -b jar -X POST http://127.0.0.1:8081/session -H 'Content-Type: application/json' -d '{"username": "Alison"}'
//! curl -c jar -b jar http://127.0.0.1:8081/session
//! curl -c jar -b jar -X DELETE http://127.0.0.1:8081/session
//! ```

use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};
use waxseal_session::{Secret, SessionError, SessionMiddleware, StatelessStore, TypedSession};

/// interface SessionData { username: string }
#[derive(Serialize, Deserialize)]
struct SessionData {
    username: String,
}

type Session = TypedSession<SessionData>;

async fn read(session: Session) -> Result<HttpResponse, SessionError> {
    Ok(match session.get()? {
        Some(data) => HttpResponse::Ok().json(data),
        None => HttpResponse::Ok().json(serde_json::json!({})),
    })
}

async fn log_in(
    session: Session,
    data: web::Json<SessionData>,
) -> Result<HttpResponse, SessionError> {
    session.clear(); // the state may be another person's
    session.renew(); // not needed in iron-session, where a session has no id that could be planted
    session.set(&data)?;
    Ok(HttpResponse::Ok().json(data.into_inner()))
}

async fn log_out(session: Session) -> HttpResponse {
    session.destroy();
    HttpResponse::Ok().json(serde_json::json!({}))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let password = "complex_password_at_least_32_characters_long"; // from a setting, in a real app
    let sessions = SessionMiddleware::builder(StatelessStore::new(), Secret::new(password)?)
        .cookie_name("my-app-session")
        .cookie_secure(false) // process.env.NODE_ENV === "production"
        .idle_timeout(Duration::from_secs(14 * 86_400)) // ttl
        .actix_session(false)
        .build()?;
    let app = move || {
        let session = web::resource("/session")
            .route(web::get().to(read))
            .route(web::post().to(log_in))
            .route(web::delete().to(log_out));
        App::new().wrap(sessions.clone()).service(session)
    };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8081".to_owned());
    HttpServer::new(app).bind(address)?.run().await
}

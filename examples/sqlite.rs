//! Sessions in SQLite: they survive a restart, and a log-out in one process ends them in all.
//!
//! `cargo run -p examples --bin sqlite`, then open http://127.0.0.1:8081/login/ann. Start it again with
//! another address (`-- 127.0.0.1:8082`) in the same folder.

use actix_session::Session;
use actix_web::{App, HttpServer, Result, web};
use waxseal_session::{Keyring, Secret, SessionMiddleware};
use waxseal_session_sqlx::SqlSessionStore;

async fn home(session: Session) -> Result<String> {
    let user = session.get::<String>("user_id")?;
    Ok(user.map_or("not logged in\n".to_owned(), |user| format!("logged in as {user}\n")))
}

async fn log_in(session: Session, user: web::Path<String>) -> Result<&'static str> {
    session.clear();
    session.renew();
    session.insert("user_id", user.into_inner())?;
    Ok("welcome\n")
}

async fn log_out(session: Session) -> &'static str {
    session.purge();
    "goodbye\n"
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = SqlSessionStore::connect("sqlite://sessions.db").await?;
    let secret = Secret::new("for development: a real app reads it from a setting")?;
    let sessions = SessionMiddleware::builder(store, Keyring::new(&secret))
        .cookie_secure(false) // development, over HTTP
        .build()?;
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
            .route("/login/{user}", web::get().to(log_in))
            .route("/logout", web::get().to(log_out))
    };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8081".to_owned());
    Ok(HttpServer::new(app).bind(address)?.run().await?)
}

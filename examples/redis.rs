//! Sessions in Redis, shared by two processes.
//!
//! With a Redis server on 127.0.0.1:6379 (or REDIS_URL): `cargo run -p examples --bin redis`, and beside it
//! `cargo run -p examples --bin redis -- 127.0.0.1:8082`. Log in at http://127.0.0.1:8081 and open
//! http://127.0.0.1:8082: you are logged in there, too, and a log-out in one ends the session in both.

use actix_session::Session;
use actix_web::{App, HttpServer, Result, web};
use waxseal_session::{Secret, SessionMiddleware};
use waxseal_session_redis::RedisSessionStore;

async fn home(session: Session) -> Result<web::Html> {
    let page = match session.get::<String>("user_id")? {
        Some(user) => format!("logged in as {user} {}", button("/logout", "Log out")),
        None => format!("not logged in {}", button("/login/ann", "Log in as ann")),
    };
    Ok(web::Html::new(page))
}

/// A form, because only a POST should change something: anyone can make a browser follow a link.
fn button(path: &str, text: &str) -> String {
    format!(r#"<form method="post" action="{path}"><button>{text}</button></form>"#)
}

async fn log_in(session: Session, user: web::Path<String>) -> Result<web::Redirect> {
    session.clear();
    session.renew();
    let user: String = user.chars().filter(char::is_ascii_alphanumeric).collect();
    session.insert("user_id", user)?;
    Ok(web::Redirect::to("/").see_other())
}

async fn log_out(session: Session) -> web::Redirect {
    session.purge();
    web::Redirect::to("/").see_other()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("REDIS_URL").unwrap_or("redis://127.0.0.1:6379".to_owned());
    let store = RedisSessionStore::connect(&url).await?;
    let secret = Secret::new("for development: a real app reads it from a setting")?;
    let sessions = SessionMiddleware::builder(store, secret)
        .cookie_secure(false) // development, over HTTP
        .build()?;
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
            .route("/login/{user}", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
    };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8081".to_owned());
    Ok(HttpServer::new(app).bind(address)?.run().await?)
}

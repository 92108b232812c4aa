//! Sessions in SQLite: they survive a restart, and a log-out in one process ends them in all.
//!
//! `cargo run -p examples --bin sqlite`, then open http://127.0.0.1:8081 and log in. Start it again with
//! another address (`-- 127.0.0.1:8082`) in the same folder: there you are logged in too.

use actix_session::Session;
use actix_web::{App, HttpServer, Result, web};
use waxseal_session::{Keyring, Secret, SessionMiddleware};
use waxseal_session_sqlx::SqlSessionStore;

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
    let store = SqlSessionStore::connect("sqlite://sessions.db").await?;
    let secret = Secret::new("for development: a real app reads it from a setting")?;
    let sessions = SessionMiddleware::builder(store.clone(), Keyring::new(&secret))
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
    HttpServer::new(app).bind(address)?.run().await?;
    // Now the file is complete by itself.
    store.close().await;
    Ok(())
}

//! Log-in by name and a visit counter, with nothing but a cookie: no database, no records.
//!
//! `cargo run -p examples --bin minimal`, then open http://127.0.0.1:8081. A restart logs no one out.

use actix_session::Session;
use actix_web::{App, HttpServer, Result, web};
use waxseal_session::{Secret, SessionMiddleware, StatelessStore};

async fn home(session: Session) -> Result<web::Html> {
    let Some(name) = session.get::<String>("name")? else {
        return Ok(web::Html::new(
            r#"<form method="post" action="/login"><input name="name" aria-label="Name"><button>Log in</button></form>"#,
        ));
    };
    let visits = session.get::<u32>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?; // re-seals the cookie
    Ok(web::Html::new(format!(
        r#"<p>Hello {name}, visit {visits}.<form method="post" action="/logout"><button>Log out</button></form>"#
    )))
}

#[derive(serde::Deserialize)]
struct LogIn {
    name: String,
}

async fn log_in(session: Session, form: web::Form<LogIn>) -> Result<web::Redirect> {
    session.clear(); // the state may be another person's
    session.renew(); // a new session, so that an id from before the log-in is worth nothing
    let name: String = form.name.chars().filter(|c| !"<&".contains(*c)).take(40).collect();
    session.insert("name", name)?;
    Ok(web::Redirect::to("/").see_other())
}

async fn log_out(session: Session) -> web::Redirect {
    session.purge();
    web::Redirect::to("/").see_other()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let secret = Secret::new("for development: a real app reads it from a setting")?;
    let sessions = SessionMiddleware::builder(StatelessStore::new(), secret)
        .cookie_secure(false) // development, over HTTP
        .build()?;
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
    };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8081".to_owned());
    HttpServer::new(app).bind(address)?.run().await
}

//! A visit counter with log-in by name: no database, no templates.
//!
//! `cargo run -p examples --bin minimal`, then open http://127.0.0.1:8081.

use actix_session::Session;
use actix_web::{App, HttpResponse, HttpServer, Result, http::header, web};
use waxseal_session::{Keyring, MemoryStore, Secret, SessionMiddleware};

async fn home(session: Session) -> Result<HttpResponse> {
    let Some(name) = session.get::<String>("name")? else {
        let form = r#"<form method="post" action="/login"><input name="name" aria-label="Name"><button>Log in</button></form>"#;
        return Ok(page(form.to_owned()));
    };
    let visits = session.get::<u32>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?; // re-seals the cookie
    Ok(page(format!(
        r#"<p>Hello {name}, visit {visits}.<form method="post" action="/logout"><button>Log out</button></form>"#
    )))
}

#[derive(serde::Deserialize)]
struct LogIn {
    name: String,
}

async fn log_in(session: Session, form: web::Form<LogIn>) -> Result<HttpResponse> {
    session.clear(); // the state may be another person's
    session.renew(); // a new session, so that an id from before the log-in is worth nothing
    let name: String = form.name.chars().filter(|c| !"<&".contains(*c)).take(40).collect();
    session.insert("name", name)?;
    Ok(to_home())
}

async fn log_out(session: Session) -> HttpResponse {
    session.purge(); // revokes the session: a copied cookie is rejected, too
    to_home()
}

fn page(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body)
}

fn to_home() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).finish()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keyring = Keyring::new(&Secret::generate()); // a real app reads it from a setting
    let sessions = SessionMiddleware::builder(MemoryStore::new(), keyring)
        .cookie_secure(false) // development, over HTTP
        .build()?;
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
    };
    Ok(HttpServer::new(app).bind("127.0.0.1:8081")?.run().await?)
}

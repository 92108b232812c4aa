//! A whole app on the session layer: a visit counter, and log-in by name. No database, no
//! templates. `cargo run --example minimal`, then open http://127.0.0.1:8081.

use actix_session::Session;
use actix_web::{App, HttpResponse, HttpServer, Result, http::header, web};
use waxseal::clock::Clock;
use waxseal::seal::{Keyring, Secret};
use waxseal::session::SessionLayer;

async fn home(session: Session) -> Result<HttpResponse> {
    let Some(name) = session.get::<String>("name")? else {
        let form = r#"<form method="post" action="/login"><input name="name" aria-label="Name"><button>Log in</button></form>"#;
        return Ok(page(form.to_owned()));
    };
    let visits = session.get::<u32>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?; // and the cookie is sealed anew
    Ok(page(format!(
        r#"<p>Hello {name}, visit {visits}.<form method="post" action="/logout"><button>Log out</button></form>"#
    )))
}

#[derive(serde::Deserialize)]
struct LogIn {
    name: String,
}

async fn log_in(session: Session, form: web::Form<LogIn>) -> Result<HttpResponse> {
    session.clear(); // whatever somebody else may have put there
    session.renew(); // a new session: the id from before the log-in is worth nothing now
    let name: String = form.name.chars().filter(|c| !"<&".contains(*c)).take(40).collect();
    session.insert("name", name)?;
    Ok(to_home())
}

async fn log_out(session: Session) -> HttpResponse {
    session.purge(); // ended in the registry: a copied cookie is dead, too
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
    let keyring = Keyring::new(&Secret::generate()); // a secret of your own: Secret::new
    let sessions = SessionLayer::in_memory(keyring, Clock::system())
        .secure(false) // HTTP, on this machine only
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

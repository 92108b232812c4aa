//! The session as a type of the app, messages for the next page, and "remember me".
//!
//! `cargo run -p examples --bin typed`, then open http://127.0.0.1:8081.

use actix_web::{App, HttpRequest, HttpServer, cookie::time::Duration, web};
use serde::{Deserialize, Serialize};
use waxseal_session::{
    Secret, SessionError, SessionMiddleware, StatelessStore, TypedSession,
    config::{BrowserSession, PersistentSession},
    set_lifecycle,
};

#[derive(Default, Serialize, Deserialize)]
struct User {
    name: String,
    visits: u64,
}

type Result<T> = std::result::Result<T, SessionError>;

async fn home(session: TypedSession<User>) -> Result<web::Html> {
    let messages: String =
        session.take_flashes()?.into_iter().map(|flash| format!("<p>{}</p>", flash.text)).collect();
    let page = match session.get()? {
        Some(_) => {
            let (name, visits) = session.update(|user| {
                user.visits += 1;
                (user.name.clone(), user.visits)
            })?;
            format!(
                r#"<p>Hello {name}, visit {visits}.</p>
                   <form method="post" action="/logout"><button>Log out</button></form>"#
            )
        }
        None => r#"<form method="post" action="/login">
                     <label>Name <input name="name"></label>
                     <label><input type="checkbox" name="remember"> Remember me</label>
                     <button>Log in</button>
                   </form>"#
            .to_owned(),
    };
    Ok(web::Html::new(messages + &page))
}

#[derive(Deserialize)]
struct LogIn {
    name: String,
    remember: Option<String>,
}

async fn log_in(
    request: HttpRequest,
    session: TypedSession<User>,
    form: web::Form<LogIn>,
) -> Result<web::Redirect> {
    session.clear(); // the state may be another person's
    session.renew();
    let name = form.name.chars().filter(|c| !"<&".contains(*c)).take(40).collect();
    session.set(&User { name, visits: 0 })?;
    match form.remember {
        Some(_) => {
            let month = PersistentSession::default()
                .session_ttl(Duration::days(30))
                .lifetime(Duration::days(365));
            set_lifecycle(&request, month)?;
        }
        None => {
            let hours = BrowserSession::default().state_ttl(Duration::hours(2));
            set_lifecycle(&request, hours)?;
        }
    }
    session.flash("info", "You are logged in.")?;
    Ok(web::Redirect::to("/").see_other())
}

async fn log_out(session: TypedSession<User>) -> web::Redirect {
    session.destroy();
    web::Redirect::to("/").see_other()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let secret = Secret::new("for development: a real app reads it from a setting")?;
    let sessions = SessionMiddleware::builder(StatelessStore::new(), secret)
        .actix_session(false) // no handler here uses actix's `Session`
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

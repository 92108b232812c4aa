//! actix-identity on top, with messages for the next page.
//!
//! `cargo run -p examples --bin identity`, then open http://127.0.0.1:8081.

use actix_identity::{Identity, IdentityMiddleware};
use actix_web::{
    App, HttpMessage, HttpRequest, HttpServer, Result, error::ErrorInternalServerError, web,
};
use waxseal_session::{Secret, SessionMiddleware, StatelessStore, TypedSession};

/// This app keeps nothing of its own in the session.
type Messages = TypedSession<()>;

async fn home(identity: Option<Identity>, messages: Messages) -> Result<web::Html> {
    let shown: String = messages
        .take_flashes()?
        .into_iter()
        .map(|flash| format!("<p>{}</p>", flash.text))
        .collect();
    let page = match identity {
        Some(user) => format!("logged in as {} {}", user.id()?, button("/logout", "Log out")),
        None => format!("not logged in {}", button("/login/ann", "Log in as ann")),
    };
    Ok(web::Html::new(shown + &page))
}

/// A form, because only a POST should change something: anyone can make a browser follow a link.
fn button(path: &str, text: &str) -> String {
    format!(r#"<form method="post" action="{path}"><button>{text}</button></form>"#)
}

async fn log_in(
    request: HttpRequest,
    messages: Messages,
    user: web::Path<String>,
) -> Result<web::Redirect> {
    let user: String = user.chars().filter(char::is_ascii_alphanumeric).collect();
    // It renews the session, too.
    Identity::login(&request.extensions(), user).map_err(ErrorInternalServerError)?;
    messages.flash("info", "Welcome back.")?;
    Ok(web::Redirect::to("/").see_other())
}

async fn log_out(identity: Identity) -> web::Redirect {
    identity.logout();
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
            .wrap(IdentityMiddleware::default())
            .wrap(sessions.clone()) // the last one sees a request first
            .route("/", web::get().to(home))
            .route("/login/{user}", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
    };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8081".to_owned());
    HttpServer::new(app).bind(address)?.run().await
}

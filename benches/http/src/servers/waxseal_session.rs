//! waxseal's session middleware with its sessions in SQLite.

use actix_web::{App, HttpServer};
use waxseal_session::{ExpiryPolicy, Keyring, Mode, Secret, SessionMiddleware};
use waxseal_session_sqlx::SqlSessionStore;

use super::routes;
use crate::Outcome;

pub(super) async fn run(name: &str, port: u16, database: &str) -> Outcome<()> {
    let store = SqlSessionStore::connect(database).await?;
    let keyring = Keyring::new(&Secret::generate());
    let builder = SessionMiddleware::builder(store, keyring).cookie_secure(false);
    let sessions = match name {
        "waxseal-cookie" => builder,
        "waxseal-refresh" => builder.refresh_threshold(ExpiryPolicy::DEFAULT_IDLE_TIMEOUT),
        "waxseal-database" => builder.mode(Mode::Database),
        _ => return Err(format!("there is no server {name}").into()),
    }
    .build()?;
    let app = move || App::new().wrap(sessions.clone()).configure(routes);
    Ok(HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await?)
}

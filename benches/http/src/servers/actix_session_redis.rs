//! actix-session's own middleware with its Redis store and its default settings.

use actix_session::{SessionMiddleware, storage::RedisSessionStore};
use actix_web::{App, HttpServer, cookie::Key};

use super::routes;
use crate::Outcome;

pub(super) async fn run(port: u16, redis: &str) -> Outcome<()> {
    let (key, store) = (Key::generate(), RedisSessionStore::new(redis).await?);
    let app = move || {
        let builder = SessionMiddleware::builder(store.clone(), key.clone());
        App::new().wrap(builder.cookie_secure(false).build()).configure(routes)
    };
    Ok(HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await?)
}

//! waxseal's session layer, with its sessions in a database and the jobs that go with that.

use std::{sync::Arc, time::Duration};

use actix_web::{App, HttpServer, rt};
use waxseal::{
    clock::Clock,
    jobs::Jobs,
    seal::{Keyring, Secret},
    session::{Lifetimes, Mode, SessionLayer},
    db::{self, AccountStore, SqlSessionStore},
};

use super::routes;
use crate::Outcome;

pub(super) async fn run(name: &str, port: u16, database: &str) -> Outcome<()> {
    let clock = Clock::system();
    let database = db::connect(&database.parse()?).await?;
    let sessions = Arc::new(SqlSessionStore::load(database, clock.clone()).await?);
    let accounts = AccountStore::new(SqlSessionStore::clone(&sessions), clock.clone());
    let builder = SessionLayer::builder(Keyring::new(&Secret::generate()), Arc::clone(&sessions))
        .secure(false);
    let layer = match name {
        "waxseal-cookie" => builder,
        "waxseal-anew" => builder.recent_tokens(0),
        "waxseal-refresh" => builder.refresh_below(Lifetimes::DEFAULT_IDLE_TIMEOUT),
        "waxseal-database" => builder.mode(Mode::Database),
        _ => return Err(format!("there is no server {name}").into()),
    }
    .build()?;
    let jobs = Jobs { accounts, sessions, clock, cleanup_interval: Duration::from_secs(3600) };
    rt::spawn(async move { jobs.run().await });
    let app = move || App::new().wrap(layer.clone()).configure(routes);
    Ok(HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await?)
}

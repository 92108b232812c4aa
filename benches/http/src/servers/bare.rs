//! The page, without a session.

use actix_web::{App, HttpServer, web};

use super::{USER_ID, page};
use crate::Outcome;

pub(super) async fn run(port: u16) -> Outcome<()> {
    let app = || App::new().route("/", web::get().to(async || page(USER_ID)));
    Ok(HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await?)
}

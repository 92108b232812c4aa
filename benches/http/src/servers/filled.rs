//! The page, and an `actix_session::Session` filled with fixed values: the lower bound for any session
//! middleware that uses this type.

use std::collections::HashMap;

use actix_session::SessionExt;
use actix_web::{App, HttpServer, dev::Service};
use serde_json::value::RawValue;

use super::{STATE, routes};
use crate::Outcome;

pub(super) async fn run(port: u16) -> Outcome<()> {
    let values: HashMap<String, Box<RawValue>> = serde_json::from_str(STATE)?;
    let app = move || {
        let values = values.clone();
        App::new().configure(routes).wrap_fn(move |request, service| {
            let session = request.get_session();
            for (key, value) in &values {
                // Copying JSON text can't fail.
                let _infallible = session.insert(key, value);
            }
            service.call(request)
        })
    };
    Ok(HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await?)
}

//! A site on another origin.

use std::{future::ready, sync::mpsc, thread};

use actix_web::{App, HttpResponse, HttpServer, rt::System, web};

/// Starts another site, which answers every request with this page. Returns its port.
pub fn other_site(page: String) -> u16 {
    let answer = move || {
        let page = page.clone();
        let show = move || ready(HttpResponse::Ok().content_type("text/html").body(page.clone()));
        App::new().default_service(web::to(show))
    };
    let (started, port) = mpsc::channel();
    thread::spawn(move || {
        let server =
            HttpServer::new(answer).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        started.send(server.addrs()[0].port()).unwrap();
        System::new().block_on(server.run()).unwrap();
    });
    port.recv().expect("the other site starts")
}

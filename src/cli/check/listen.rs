//! Whether the server could listen, or does.

use std::{io, net::TcpListener};

use super::finding::Finding;
use crate::{
    app::is_socket_taken,
    cli::local_server::LocalServer,
    config::{ListenAddress, ServerConfig},
};

pub(super) fn check(config: &ServerConfig) -> Vec<Finding> {
    let (mut findings, is_running) = match occupant(&config.listen) {
        Ok(None) => (vec![Finding::ok("LISTEN", format!("{} is free", config.listen))], false),
        Ok(Some(Occupant::Waxseal)) => {
            let running = format!("a waxseal server listens on {}", config.listen);
            (vec![Finding::ok("LISTEN", running)], true)
        }
        Ok(Some(Occupant::Other)) => {
            let taken = format!("another program listens on {}", config.listen);
            (vec![Finding::error("LISTEN", taken)], false)
        }
        Err(error) => {
            let problem = format!("{} can't be bound: {error}", config.listen);
            (vec![Finding::error("LISTEN", problem)], false)
        }
    };
    if let Some(address) = config.metrics_listen {
        findings.push(match occupant(&ListenAddress::Tcp(address)) {
            Ok(None) => Finding::ok("METRICS_LISTEN", format!("{address} is free")),
            Ok(Some(_)) if is_running => Finding::ok(
                "METRICS_LISTEN",
                format!("{address} is in use, as while the server runs"),
            ),
            Ok(Some(_)) => {
                Finding::error("METRICS_LISTEN", format!("another program listens on {address}"))
            }
            Err(error) => {
                Finding::error("METRICS_LISTEN", format!("{address} can't be bound: {error}"))
            }
        });
    }
    findings
}

/// Who listens on an address.
enum Occupant {
    Waxseal,
    Other,
}

fn occupant(address: &ListenAddress) -> io::Result<Option<Occupant>> {
    let is_taken = match address {
        ListenAddress::Tcp(address) => match TcpListener::bind(address) {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => true,
            Err(error) => return Err(error),
        },
        ListenAddress::Unix(path) => is_socket_taken(path)?,
    };
    if !is_taken {
        return Ok(None);
    }
    let answer = LocalServer::on(address).map_err(io::Error::other)?.get("/healthz");
    let is_waxseal = answer.is_ok_and(|answer| answer.status == 200 && answer.body == "alive\n");
    Ok(Some(if is_waxseal { Occupant::Waxseal } else { Occupant::Other }))
}

//! Whether the server could listen, or does.

use std::{io, net::TcpListener};

use waxseal_session::ErrorChain;

use super::finding::Finding;
use crate::{
    app::{ListenError, is_socket_taken, passed_on},
    cli::local_server::LocalServer,
    config::{Environment, ListenAddress, ServerConfig},
};

const LISTEN: &str = "LISTEN";
const LISTEN_FDS: &str = "LISTEN_FDS";
const METRICS_LISTEN: &str = "METRICS_LISTEN";

pub(super) fn check(config: &ServerConfig, environment: Environment) -> Vec<Finding> {
    let (mut findings, is_running) = match passed_on(environment) {
        Ok(addresses) if addresses.is_empty() => {
            let (finding, is_running) = check_setting(&config.listen);
            (vec![finding], is_running)
        }
        Ok(addresses) => (check_passed_on(&addresses, config), false),
        Err(error) => (vec![unusable(&error)], false),
    };
    if let Some(address) = config.metrics_listen {
        findings.push(check_metrics(&ListenAddress::Tcp(address), is_running));
    }
    findings
}

/// Also says whether a server seems to be running.
fn check_setting(address: &ListenAddress) -> (Finding, bool) {
    match occupant(address) {
        Ok(Occupant::None) => (Finding::ok(LISTEN, format!("{address} is free")), false),
        Ok(Occupant::Waxseal) => {
            (Finding::ok(LISTEN, format!("a waxseal server listens on {address}")), true)
        }
        Ok(Occupant::Socket) => {
            let used = "is in use, as while the server runs or systemd holds the socket for it";
            (Finding::ok(LISTEN, format!("{address} {used}")), true)
        }
        Ok(Occupant::Silent) => {
            let problem = "is in use, but does not answer: the server hangs, systemd holds the port \
                for it, or another program has it";
            (Finding::warning(LISTEN, format!("{address} {problem}")), true)
        }
        Ok(Occupant::Other) => {
            (Finding::error(LISTEN, format!("another program listens on {address}")), false)
        }
        Err(error) => (Finding::error(LISTEN, format!("{address} can't be bound: {error}")), false),
    }
}

/// The sockets that systemd has passed on take the place of the setting.
fn check_passed_on(addresses: &[ListenAddress], config: &ServerConfig) -> Vec<Finding> {
    let has_unix = addresses.iter().any(|address| address.unix().is_some());
    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let used = format!("{}: passed on, and used in place of LISTEN", list.join(", "));
    let mut findings = vec![Finding::ok(LISTEN_FDS, used)];
    // If the setting is a socket, the settings have warned of it.
    if has_unix && config.listen.unix().is_none() {
        findings.extend(config.unknown_addresses().map(Finding::from));
    }
    findings
}

fn unusable(error: &ListenError) -> Finding {
    let problem = ErrorChain(error).to_string();
    let problem = problem.strip_prefix("LISTEN_FDS: ").unwrap_or(&problem);
    Finding::error(LISTEN_FDS, problem)
}

fn check_metrics(address: &ListenAddress, is_running: bool) -> Finding {
    match occupant(address) {
        Ok(Occupant::None) => Finding::ok(METRICS_LISTEN, format!("{address} is free")),
        Ok(_) if is_running => {
            Finding::ok(METRICS_LISTEN, format!("{address} is in use, as while the server runs"))
        }
        Ok(_) => Finding::error(METRICS_LISTEN, format!("another program listens on {address}")),
        Err(error) => Finding::error(METRICS_LISTEN, format!("{address} can't be bound: {error}")),
    }
}

/// Who has an address.
enum Occupant {
    None,
    /// A server that answers as ours.
    Waxseal,
    /// Someone has the UNIX socket. A request would start the service if that is systemd.
    Socket,
    /// Someone has the port, and does not answer.
    Silent,
    Other,
}

fn occupant(address: &ListenAddress) -> io::Result<Occupant> {
    match address {
        ListenAddress::Tcp(at) => match TcpListener::bind(at) {
            Ok(_) => Ok(Occupant::None),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => ask(address),
            Err(error) => Err(error),
        },
        ListenAddress::Unix(path) => {
            is_socket_taken(path).map(|taken| if taken { Occupant::Socket } else { Occupant::None })
        }
    }
}

fn ask(address: &ListenAddress) -> io::Result<Occupant> {
    let server = LocalServer::on(address).map_err(io::Error::other)?;
    Ok(match server.get("/healthz") {
        Ok(answer) if answer.status == 200 && answer.body == "alive\n" => Occupant::Waxseal,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
        {
            Occupant::Silent
        }
        _ => Occupant::Other,
    })
}

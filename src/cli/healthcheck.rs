//! `waxseal healthcheck`: asks the server on this machine whether it is ready, for the health checks of
//! containers. It needs no secret and no database.

use clap::Args;
use serde::Deserialize;

use super::{
    local_server::LocalServer,
    output::{Failure, Output},
};
use crate::config::ListenArgs;

#[derive(Args)]
pub(super) struct HealthcheckArgs {
    #[command(flatten)]
    listen: ListenArgs,
}

pub(super) fn run(args: &HealthcheckArgs) -> Result<(), Failure> {
    let server = LocalServer::on(&args.listen.parse()?)?;
    let answer = server.get("/readyz")?;
    match answer.status {
        200 => Output::new().line(&format!("{server} is ready")),
        _ => Err(format!("{server} is not ready: {}", why(&answer)).into()),
    }
}

/// What `/readyz` says.
#[derive(Deserialize)]
struct Readiness {
    database: String,
    revocation_feed: String,
}

fn why(answer: &super::local_server::Answer) -> String {
    match serde_json::from_str(&answer.body) {
        Ok(Readiness { database, revocation_feed }) => {
            format!("database {database}, revocation feed {revocation_feed}")
        }
        Err(_) => format!("status {}", answer.status),
    }
}

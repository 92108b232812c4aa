//! `waxseal session`: listing and revoking sessions, inspecting a cookie.

mod inspect;
mod list;
mod revoke;

use clap::Subcommand;

use super::output::Failure;

#[derive(Subcommand)]
pub(super) enum SessionCommand {
    /// List the live sessions, the latest log-in first
    #[command(version)]
    List(list::ListArgs),
    /// Revoke a session; a running server refuses it within two seconds
    #[command(version)]
    Revoke(revoke::RevokeArgs),
    /// Show what a session's cookie holds, and whether a server accepts it or why not
    #[command(version)]
    Inspect(Box<inspect::InspectArgs>),
}

pub(super) async fn run(command: SessionCommand) -> Result<(), Failure> {
    match command {
        SessionCommand::List(args) => list::run(args).await,
        SessionCommand::Revoke(args) => revoke::run(args).await,
        SessionCommand::Inspect(args) => inspect::run(*args).await,
    }
}

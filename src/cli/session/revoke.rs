//! `waxseal session revoke`

use clap::Args;
use serde_json::json;
use waxseal_session::SessionId;

use crate::{
    accounts::{Accounts, Actor, Revocation},
    cli::{
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct RevokeArgs {
    /// The session's id, as `waxseal session list` prints it
    // It may begin with a hyphen.
    #[arg(allow_hyphen_values = true)]
    session: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: RevokeArgs) -> Result<(), Failure> {
    let id: SessionId =
        args.session.parse().map_err(|error| format!("{:?}: {error}", args.session))?;
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| revoke(args, accounts, id).await)
        .await
}

async fn revoke(args: RevokeArgs, accounts: Accounts, id: SessionId) -> Result<(), Failure> {
    let was_live = match accounts.revoke_session(&id, &Actor::CommandLine).await? {
        Revocation::Done => true,
        Revocation::AlreadyEnded => false,
        Revocation::NoSuchSession => return Err(format!("there is no session {id}").into()),
    };
    if args.json {
        return Output::new().json(&json!({ "session_id": id, "was_live": was_live }));
    }
    Output::new().line(&if was_live {
        format!("revoked session {id}")
    } else {
        format!("session {id} had already ended")
    })
}

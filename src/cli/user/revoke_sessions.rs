//! `waxseal user revoke-sessions`

use clap::Args;
use serde_json::json;

use crate::{
    accounts::{Accounts, Actor, User},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
    text::count,
};

#[derive(Args)]
pub(in crate::cli) struct RevokeSessionsArgs {
    /// The user's email address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: RevokeSessionsArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| {
        revoke_sessions(args, accounts).await
    })
    .await
}

async fn revoke_sessions(args: RevokeSessionsArgs, accounts: Accounts) -> Result<(), Failure> {
    let User { id, email, .. } = find_user(&accounts, &args.user).await?;
    let revoked = accounts.revoke_sessions(id, None, &Actor::CommandLine).await?;
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "revoked_sessions": revoked,
        }));
    }
    Output::new().line(&format!("{email}: {} revoked", count(revoked as u64, "session")))
}

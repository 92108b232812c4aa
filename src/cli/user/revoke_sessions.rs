//! `waxseal user revoke-sessions`

use clap::Args;
use serde_json::json;

use crate::{
    accounts::{Actor, User},
    cli::{
        find_user::find_user,
        open_database::{self, IfMissing},
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
    let accounts = open_database::accounts(&args.database.validate()?, IfMissing::Fail).await?;
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

//! `waxseal user enable`

use clap::Args;
use serde_json::json;

use super::refusal;
use crate::{
    accounts::{Accounts, Actor, Enabling, User},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct EnableArgs {
    /// The user's email address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: EnableArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| enable(args, accounts).await).await
}

async fn enable(args: EnableArgs, accounts: Accounts) -> Result<(), Failure> {
    let User { id, email, .. } = &find_user(&accounts, &args.user).await?;
    let changed = match accounts.enable_user(*id, &Actor::CommandLine).await? {
        Enabling::Done => true,
        Enabling::Unchanged => false,
        Enabling::NoSuchUser => return Err(refusal::no_such_user(email)),
    };
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "disabled": false,
            "changed": changed,
        }));
    }
    Output::new().line(&if changed {
        format!("{email} is enabled and can log in again")
    } else {
        format!("{email} is already enabled")
    })
}

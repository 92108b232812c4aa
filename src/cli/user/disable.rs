//! `waxseal user disable`

use clap::Args;
use serde_json::json;

use super::refusal;
use crate::{
    accounts::{Accounts, Actor, Disabling, User},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct DisableArgs {
    /// The user's email address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: DisableArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| disable(args, accounts).await).await
}

async fn disable(args: DisableArgs, accounts: Accounts) -> Result<(), Failure> {
    let User { id, email, .. } = &find_user(&accounts, &args.user).await?;
    let changed = match accounts.disable_user(*id, &Actor::CommandLine).await? {
        Disabling::Done => true,
        Disabling::Unchanged => false,
        Disabling::NoSuchUser => return Err(refusal::no_such_user(email)),
        Disabling::LastAdmin => return Err(refusal::last_admin(email)),
    };
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "disabled": true,
            "changed": changed,
        }));
    }
    Output::new().line(&if changed {
        format!("{email} is disabled and logged out everywhere")
    } else {
        format!("{email} is already disabled")
    })
}

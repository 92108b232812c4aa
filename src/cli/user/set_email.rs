//! `waxseal user set-email`

use clap::Args;
use serde_json::json;

use super::refusal;
use crate::{
    accounts::{Accounts, Actor, Email, EmailSetting},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output, address},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct SetEmailArgs {
    /// The user's email address or id
    user: String,
    /// The user's new email address
    new: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: SetEmailArgs) -> Result<(), Failure> {
    let new: Email = args.new.parse().map_err(|error| format!("{:?}: {error}", args.new))?;
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| {
        set_email(args, accounts, &new).await
    })
    .await
}

async fn set_email(args: SetEmailArgs, accounts: Accounts, new: &Email) -> Result<(), Failure> {
    let user = find_user(&accounts, &args.user).await?;
    let changed = match accounts.set_email(user.id, new, &Actor::CommandLine).await? {
        EmailSetting::Done => true,
        EmailSetting::Unchanged => false,
        EmailSetting::NoSuchUser => return Err(refusal::no_such_user(&user.email)),
        EmailSetting::EmailTaken => return Err(refusal::email_taken(new)),
    };
    if args.json {
        return Output::new().json(&json!({
            "user_id": user.id.to_string(),
            "email": new.as_str(),
            "changed": changed,
        }));
    }
    let new = address(new);
    Output::new().line(&if changed {
        format!("{} now has the address {new} and is logged out everywhere", user.email)
    } else {
        format!("{} already has the address {new}", user.email)
    })
}

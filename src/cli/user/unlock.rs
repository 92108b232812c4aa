//! `waxseal user unlock`

use clap::Args;
use serde_json::json;

use crate::{
    accounts::{Accounts, Actor},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct UnlockArgs {
    /// The user's email address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: UnlockArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| unlock(args, accounts).await).await
}

async fn unlock(args: UnlockArgs, accounts: Accounts) -> Result<(), Failure> {
    let user = find_user(&accounts, &args.user).await?;
    let changed = accounts.unlock_user(&user, &Actor::CommandLine).await?;
    let email = &user.email;
    if args.json {
        return Output::new().json(&json!({
            "user_id": user.id.to_string(),
            "email": email.as_str(),
            "changed": changed,
        }));
    }
    Output::new().line(&if changed {
        format!("{email} is unlocked: the failed log-ins are forgotten")
    } else {
        format!("{email} is already unlocked: there are no failed log-ins")
    })
}

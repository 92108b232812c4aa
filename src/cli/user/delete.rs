//! `waxseal user delete`

use clap::Args;
use serde_json::json;

use super::refusal;
use crate::{
    accounts::{AccountDeletion, Accounts, Actor, User},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output, address},
        prompt,
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct DeleteArgs {
    /// The user's email address or id
    user: String,
    /// Delete without asking for confirmation
    #[arg(long)]
    yes: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: DeleteArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| delete(args, accounts).await).await
}

async fn delete(args: DeleteArgs, accounts: Accounts) -> Result<(), Failure> {
    let user = find_user(&accounts, &args.user).await?;
    let User { id, email, role, .. } = &user;
    let question = format!("Delete the account of {} (role {role})?", address(email));
    if !args.yes && !prompt::confirm(&question)? {
        return Err("nothing was deleted".into());
    }
    match accounts.delete_user(*id, &Actor::CommandLine).await? {
        AccountDeletion::Done => {}
        AccountDeletion::LastAdmin => return Err(refusal::last_admin(email)),
        // The command line is asked for no password, so only the user can be missing.
        AccountDeletion::NoSuchUser
        | AccountDeletion::WrongPassword
        | AccountDeletion::Throttled(_) => return Err(refusal::no_such_user(email)),
    }
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "deleted": true,
        }));
    }
    Output::new()
        .line(&format!("deleted {} and revoked all of the user's sessions", address(email)))
}

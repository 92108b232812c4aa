//! `waxseal user set-password`

use clap::Args;
use serde_json::json;

use super::refusal;
use crate::{
    accounts::{Accounts, Actor, PasswordPolicy, PasswordSetting},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
        prompt,
    },
    config::{DatabaseArgs, PasswordArgs},
};

#[derive(Args)]
pub(in crate::cli) struct SetPasswordArgs {
    /// The user's email address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: SetPasswordArgs) -> Result<(), Failure> {
    let policy = args.passwords.validate()?;
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| {
        set_password(args, accounts, policy).await
    })
    .await
}

async fn set_password(
    args: SetPasswordArgs,
    accounts: Accounts,
    policy: PasswordPolicy,
) -> Result<(), Failure> {
    let accounts = Accounts { policy, ..accounts };
    // Before the prompt, to spare the typing.
    let user = find_user(&accounts, &args.user).await?;
    let password = prompt::new_password()?;
    match accounts.set_password(&user, &password, &Actor::CommandLine).await? {
        PasswordSetting::Done => {}
        PasswordSetting::NoSuchUser => return Err(refusal::no_such_user(&user.email)),
        PasswordSetting::Rejected(rejected) => return Err(rejected.into()),
    }
    if args.json {
        return Output::new().json(&json!({
            "user_id": user.id.to_string(),
            "email": user.email.as_str(),
            "changed": true,
        }));
    }
    let email = &user.email;
    Output::new().line(&format!("{email} has a new password and is logged out everywhere"))
}

//! `waxseal user add`

use clap::Args;

use super::{role, user_item::UserItem};
use crate::{
    accounts::{Accounts, Actor, Email, NewAccount, Password, PasswordPolicy, Role, UserSummary},
    app::StartError,
    cli::{
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output, address},
        prompt,
    },
    config::{DatabaseArgs, PasswordArgs},
    db,
};

#[derive(Args)]
pub(in crate::cli) struct AddArgs {
    /// The user's email address
    email: String,
    /// The user's role
    #[arg(long, value_parser = role::parser(), default_value = Role::User.as_str())]
    role: Role,
    /// Print the user as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: AddArgs) -> Result<(), Failure> {
    let email: Email = args.email.parse().map_err(|error| format!("{:?}: {error}", args.email))?;
    let policy = args.passwords.validate()?;
    let database = args.database.validate()?;
    // A database is not created for a password that is refused.
    let early = match db::inspect(&database).await.map_err(StartError::from)? {
        None => Some(new_password(&email, policy)?),
        Some(_) => None,
    };
    with_accounts(&database, IfMissing::Create, async |accounts| {
        add(args, accounts, &email, policy, early).await
    })
    .await
}

fn new_password(email: &Email, policy: PasswordPolicy) -> Result<Password, Failure> {
    let password = prompt::new_password()?;
    policy.validate(&password, email)?;
    Ok(password)
}

async fn add(
    args: AddArgs,
    accounts: Accounts,
    email: &Email,
    policy: PasswordPolicy,
    early: Option<Password>,
) -> Result<(), Failure> {
    let accounts = Accounts { policy, ..accounts };
    let taken = || Failure::from(format!("{email} already has an account"));
    // Before the prompt, to spare the typing; `add_user` decides.
    if accounts.user_by_email(email).await?.is_some() {
        return Err(taken());
    }
    let password = match early {
        Some(password) => password,
        None => prompt::new_password()?,
    };
    let added = accounts.add_user(email, &password, args.role, &Actor::CommandLine).await?;
    let id = match added {
        NewAccount::Done(id) => id,
        NewAccount::EmailTaken => return Err(taken()),
        NewAccount::Rejected(rejected) => return Err(rejected.into()),
    };
    if args.json {
        let user = accounts.user(id).await?.ok_or("the user has just been deleted")?;
        return Output::new().json(&UserItem::from(UserSummary { user, sessions: 0 }));
    }
    let email = address(email);
    Output::new().line(&format!("created {email} with the role {}: {id}", args.role))
}

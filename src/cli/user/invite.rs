//! `waxseal user invite`

use clap::Args;
use serde_json::json;

use super::role;
use crate::{
    accounts::{Accounts, Actor, Email, Invitation, Role},
    cli::{
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output, address},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct InviteArgs {
    /// The email address to send the invitation to
    email: String,
    /// The role of the account
    #[arg(long, value_parser = role::parser(), default_value = Role::User.as_str())]
    role: Role,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: InviteArgs) -> Result<(), Failure> {
    let email: Email = args.email.parse().map_err(|error| format!("{:?}: {error}", args.email))?;
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| invite(args, accounts, &email).await)
        .await
}

async fn invite(args: InviteArgs, accounts: Accounts, email: &Email) -> Result<(), Failure> {
    match accounts.invite(email, args.role, &Actor::CommandLine).await? {
        Invitation::HasAccount => return Err(format!("{email} already has an account").into()),
        Invitation::Done => {}
    }
    if args.json {
        return Output::new().json(&json!({ "email": email.as_str(), "role": args.role }));
    }
    let email = address(email);
    Output::new().line(&format!(
        "invited {email} with the role {}: the server sends the email, if it sends mail",
        args.role
    ))
}

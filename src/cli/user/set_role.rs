//! `waxseal user set-role`

use clap::Args;
use serde_json::json;

use super::{refusal, role};
use crate::{
    accounts::{Accounts, Actor, Role, RoleChange, User},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct SetRoleArgs {
    /// The user's email address or id
    user: String,
    /// The user's new role
    #[arg(value_parser = role::parser())]
    role: Role,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: SetRoleArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| set_role(args, accounts).await).await
}

async fn set_role(args: SetRoleArgs, accounts: Accounts) -> Result<(), Failure> {
    let user = find_user(&accounts, &args.user).await?;
    let User { id, email, .. } = &user;
    let changed = match accounts.set_role(*id, args.role, &Actor::CommandLine).await? {
        RoleChange::Done => true,
        RoleChange::Unchanged => false,
        RoleChange::NoSuchUser => return Err(refusal::no_such_user(email)),
        RoleChange::LastAdmin => return Err(refusal::last_admin(email)),
    };
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "role": args.role,
            "changed": changed,
        }));
    }
    Output::new().line(&if changed {
        format!("{email} now has the role {} and is logged out everywhere", args.role)
    } else {
        format!("{email} already has the role {}", args.role)
    })
}

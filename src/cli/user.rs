//! `waxseal user`: who has an account, and what an administrator does about it.

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde::Serialize;
use serde_json::json;

use super::{
    open::{self, Database, WhenMissing, block_on},
    output::{Failure, Item, List, Output, Rfc3339, count, minute},
    prompt,
};
use crate::{
    accounts::{
        AccountDeletion, Accounts, Actor, Email, NewAccount, Role, RoleChange, User, UserSummary,
    },
    config::Settings,
};

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// List the users, in the order of their e-mail addresses
    #[command(version)]
    List(ListArgs),
    /// Make an account; the password is asked for, or read from standard input
    #[command(version)]
    Add(AddArgs),
    /// Give a user a role; another one than before ends the user's sessions
    #[command(version)]
    SetRole(SetRoleArgs),
    /// Delete a user's account and end the user's sessions
    #[command(version)]
    Delete(DeleteArgs),
    /// End all sessions of a user
    #[command(version)]
    RevokeSessions(RevokeSessionsArgs),
}

#[derive(Args)]
pub(super) struct ListArgs {
    /// Only those whose e-mail address contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    search: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(Args)]
pub(super) struct AddArgs {
    /// The e-mail address
    email: String,
    /// What the user may do
    #[arg(long, value_parser = role(), default_value = Role::User.as_str())]
    role: Role,
    /// Print the user as JSON
    #[arg(long)]
    json: bool,
    /// The fewest characters of a password [default: 12]
    #[arg(long, env, value_name = "NUMBER", hide_env_values = true)]
    password_min_length: Option<String>,
    #[command(flatten)]
    database: Database,
}

#[derive(Args)]
pub(super) struct SetRoleArgs {
    /// The user's e-mail address or id
    user: String,
    /// What the user may do from now on
    #[arg(value_parser = role())]
    role: Role,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(Args)]
pub(super) struct DeleteArgs {
    /// The user's e-mail address or id
    user: String,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(Args)]
pub(super) struct RevokeSessionsArgs {
    /// The user's e-mail address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|name| name.parse::<Role>())
}

pub(super) fn run(command: UserCommand) -> Result<(), Failure> {
    block_on(async {
        match command {
            UserCommand::List(args) => list(args).await,
            UserCommand::Add(args) => add(args).await,
            UserCommand::SetRole(args) => set_role(args).await,
            UserCommand::Delete(args) => delete(args).await,
            UserCommand::RevokeSessions(args) => revoke_sessions(args).await,
        }
    })
}

async fn list(args: ListArgs) -> Result<(), Failure> {
    let accounts = open(args.database).await?;
    let mut list = List::new::<UserItem>(args.json);
    let mut last: Option<Email> = None;
    loop {
        let users = accounts.users_after(&args.search, last.as_ref()).await?;
        last = users.last().map(|last| last.user.email.clone());
        let items: Vec<UserItem> = users.into_iter().map(UserItem::from).collect();
        if !list.print(&items)? || items.is_empty() {
            return list.finish("No users.");
        }
    }
}

async fn add(args: AddArgs) -> Result<(), Failure> {
    let email: Email = args.email.parse().map_err(|error| format!("{:?}: {error}", args.email))?;
    let config =
        Settings { password_min_length: args.password_min_length, ..args.database.settings() }
            .validate()?;
    let accounts = open::accounts(config, WhenMissing::Create).await?;
    let taken = || Failure::from(format!("{email} has an account already"));
    // Before the password is asked for; once more, and for certain, when the account is made.
    if accounts.user_by_email(&email).await?.is_some() {
        return Err(taken());
    }
    let password = prompt::new_password()?;
    let id = match accounts.add_user(&email, &password, args.role, &Actor::CommandLine).await? {
        NewAccount::Done(id) => id,
        NewAccount::EmailTaken => return Err(taken()),
        NewAccount::Rejected(rejected) => return Err(rejected.into()),
    };
    if args.json {
        let user = accounts.user(id).await?.ok_or("the user was deleted at once")?;
        return Output::new().json(&UserItem::from(UserSummary { user, sessions: 0 }));
    }
    Output::new().line(&format!("{email} has an account now, as {}: {id}", args.role))
}

async fn set_role(args: SetRoleArgs) -> Result<(), Failure> {
    let accounts = open(args.database).await?;
    let user = open::user(&accounts, &args.user).await?;
    let User { id, email, role: before, .. } = &user;
    match accounts.set_role(*id, args.role, &Actor::CommandLine).await? {
        RoleChange::Done => {}
        RoleChange::NoSuchUser => return Err(no_such_user(email)),
        RoleChange::LastAdmin => return Err(last_admin(email)),
    }
    let changed = args.role != *before;
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "role": args.role,
            "changed": changed,
        }));
    }
    Output::new().line(&if changed {
        format!("{email} has the role {} now; the sessions there were have ended", args.role)
    } else {
        format!("{email} had the role {before} already")
    })
}

async fn delete(args: DeleteArgs) -> Result<(), Failure> {
    let accounts = open(args.database).await?;
    let user = open::user(&accounts, &args.user).await?;
    let User { id, email, role, .. } = &user;
    let question = format!("Delete the account of {email} (role {role})?");
    if !args.yes && !prompt::confirm(&question)? {
        return Err("nothing was deleted".into());
    }
    match accounts.delete_user(*id, &Actor::CommandLine).await? {
        AccountDeletion::Done => {}
        AccountDeletion::LastAdmin => return Err(last_admin(email)),
        // No password is asked for here, so none is wrong.
        AccountDeletion::NoSuchUser
        | AccountDeletion::WrongPassword
        | AccountDeletion::Throttled(_) => return Err(no_such_user(email)),
    }
    if args.json {
        return Output::new().json(&json!({
            "user_id": id.to_string(),
            "email": email.as_str(),
            "deleted": true,
        }));
    }
    Output::new().line(&format!("{email} has no account any more; all sessions have ended"))
}

async fn revoke_sessions(args: RevokeSessionsArgs) -> Result<(), Failure> {
    let accounts = open(args.database).await?;
    let User { id, email, .. } = open::user(&accounts, &args.user).await?;
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

async fn open(database: Database) -> Result<Accounts, Failure> {
    open::accounts(database.settings().validate()?, WhenMissing::Refuse).await
}

fn no_such_user(email: &Email) -> Failure {
    format!("there is no user {email}").into()
}

fn last_admin(email: &Email) -> Failure {
    let refusal = "is the last administrator: give somebody else the role admin first";
    format!("{email} {refusal}").into()
}

/// A user in the list.
#[derive(Serialize)]
struct UserItem {
    user_id: String,
    email: String,
    role: Role,
    created_at: Rfc3339,
    live_sessions: i64,
}

impl From<UserSummary> for UserItem {
    fn from(UserSummary { user, sessions }: UserSummary) -> Self {
        Self {
            user_id: user.id.to_string(),
            email: user.email.to_string(),
            role: user.role,
            created_at: Rfc3339(user.created_at),
            live_sessions: sessions,
        }
    }
}

impl Item<5> for UserItem {
    const HEADINGS: [&'static str; 5] = ["EMAIL", "ROLE", "SESSIONS", "CREATED", "ID"];

    fn cells(&self) -> [String; 5] {
        [
            self.email.clone(),
            self.role.to_string(),
            self.live_sessions.to_string(),
            minute(self.created_at.0),
            self.user_id.clone(),
        ]
    }
}

//! `waxseal user`: managing accounts.

mod add;
mod delete;
mod disable;
mod enable;
mod invite;
mod list;
mod refusal;
mod revoke_sessions;
mod role;
mod set_email;
mod set_password;
mod set_role;
mod unlock;
mod user_args;
mod user_item;

use clap::Subcommand;

use super::output::Failure;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// List the users by email address
    #[command(version)]
    List(list::ListArgs),
    /// Create an account; the password is prompted for, or read from standard input
    #[command(version)]
    Add(add::AddArgs),
    /// Invite someone by email to sign up
    #[command(version)]
    Invite(invite::InviteArgs),
    /// Change a user's role, which logs the user out everywhere
    #[command(version)]
    SetRole(set_role::SetRoleArgs),
    /// Set a user's password, which logs the user out everywhere; it is prompted for, or read from
    /// standard input
    #[command(version)]
    SetPassword(set_password::SetPasswordArgs),
    /// Set a user's email address, which logs the user out everywhere
    #[command(version)]
    SetEmail(set_email::SetEmailArgs),
    /// Disable an account: no one logs in to it, and its sessions end
    #[command(version)]
    Disable(user_args::UserArgs),
    /// Let a disabled account log in again
    #[command(version)]
    Enable(user_args::UserArgs),
    /// Forget an account's failed log-ins, so that no one has to wait
    #[command(version)]
    Unlock(user_args::UserArgs),
    /// Delete a user's account and revoke the user's sessions
    #[command(version)]
    Delete(delete::DeleteArgs),
    /// Revoke all sessions of a user
    #[command(version)]
    RevokeSessions(user_args::UserArgs),
}

pub(super) async fn run(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::List(args) => list::run(args).await,
        UserCommand::Add(args) => add::run(args).await,
        UserCommand::Invite(args) => invite::run(args).await,
        UserCommand::SetRole(args) => set_role::run(args).await,
        UserCommand::SetPassword(args) => set_password::run(args).await,
        UserCommand::SetEmail(args) => set_email::run(args).await,
        UserCommand::Disable(args) => disable::run(args).await,
        UserCommand::Enable(args) => enable::run(args).await,
        UserCommand::Unlock(args) => unlock::run(args).await,
        UserCommand::Delete(args) => delete::run(args).await,
        UserCommand::RevokeSessions(args) => revoke_sessions::run(args).await,
    }
}

//! `waxseal mail`: whether mail can be sent, and what waits to be.

mod list;
mod test;

use clap::Subcommand;

use super::output::Failure;

#[derive(Subcommand)]
pub(super) enum MailCommand {
    /// Send a test mail now, with the server's settings: exit code 0 if the mail server takes it
    #[command(version)]
    Test(Box<test::TestArgs>),
    /// List the mails that wait to be sent or were given up, the oldest first
    #[command(version)]
    List(list::ListArgs),
}

pub(super) async fn run(command: MailCommand) -> Result<(), Failure> {
    match command {
        MailCommand::Test(args) => test::run(*args).await,
        MailCommand::List(args) => list::run(args).await,
    }
}

//! The command line: one file per command.

mod check;
mod dotenv;
mod file_limit;
mod find_user;
mod healthcheck;
mod local_server;
mod logging;
mod mail;
mod open_database;
mod output;
mod prompt;
mod secret;
mod serve;
mod session;
mod user;

use std::{env, path::Path, process::ExitCode};

use actix_web::rt::System;
use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use waxseal_session::ErrorChain;

use self::output::Failure;
use crate::config::{CommandLogArgs, ServeArgs, SettingWarning};

/// Log-in for Actix Web. Without a command, waxseal serves.
///
/// Every setting is a flag, an environment variable, and a line in the file .env of the working
/// directory. A flag overrides the environment, and the environment overrides the file.
#[derive(Parser)]
#[command(name = "waxseal", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    #[command(version)]
    Serve(Box<ServeArgs>),
    /// Print a new secret for SESSION_SECRET
    #[command(version)]
    Secret,
    /// Check the settings, the database and the clock: exit code 0 if the server would start
    #[command(version)]
    Check(Box<check::CheckArgs>),
    /// Ask the server whether it is ready: exit code 0 or 1
    #[command(version)]
    Healthcheck(healthcheck::HealthcheckArgs),
    /// List, add, change and delete users
    #[command(version)]
    User {
        #[command(flatten)]
        log: CommandLogArgs,
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// List and revoke sessions, inspect a cookie
    #[command(version)]
    Session {
        #[command(flatten)]
        log: CommandLogArgs,
        #[command(subcommand)]
        command: session::SessionCommand,
    },
    /// Send a test mail, list the mails that wait
    #[command(version)]
    Mail {
        #[command(flatten)]
        log: CommandLogArgs,
        #[command(subcommand)]
        command: mail::MailCommand,
    },
}

/// Runs the command that the process was started with. A failure is one line on standard error and
/// a nonzero exit code.
pub fn run() -> ExitCode {
    let slips = match dotenv::load(Path::new(".env")) {
        Ok(slips) => slips,
        Err(problem) => return fail(&problem),
    };
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.kind() == ErrorKind::InvalidUtf8 => return fail(&not_utf_8()),
        Err(error) => error.exit(),
    };
    let outcome = match cli.command {
        Some(Command::Secret) => secret::run(),
        Some(Command::Check(args)) => block_on(check::run(*args, slips)),
        Some(Command::Healthcheck(args)) => healthcheck::run(&args),
        Some(Command::Serve(args)) => block_on(serve::run(*args, slips)),
        Some(Command::User { log, command }) => manage(&log, &slips, user::run(command)),
        Some(Command::Session { log, command }) => manage(&log, &slips, session::run(command)),
        Some(Command::Mail { log, command }) => manage(&log, &slips, mail::run(command)),
        None => block_on(serve::run(cli.serve, slips)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&ErrorChain(&*error).to_string()),
    }
}

/// Runs a command that works on the database.
fn manage(
    log: &CommandLogArgs,
    slips: &[SettingWarning],
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    logging::start(&log.validate()?);
    for slip in slips {
        log::warn!("{slip}");
    }
    block_on(command)
}

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    System::new().block_on(command)
}

/// Names the setting that is not UTF-8, which clap does not.
fn not_utf_8() -> String {
    let command = Cli::command();
    let mut variables = command.get_arguments().filter_map(|argument| argument.get_env());
    let wrong =
        variables.find(|name| env::var_os(name).is_some_and(|text| text.to_str().is_none()));
    let name = wrong.and_then(|name| name.to_str()).unwrap_or("an argument");
    format!("{name}: must be UTF-8")
}

fn fail(problem: &str) -> ExitCode {
    logging::failure(problem);
    ExitCode::FAILURE
}

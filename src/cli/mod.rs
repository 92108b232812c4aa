//! The command line: one file per command.

mod findings;
mod inspect;
mod log_lines;
mod open;
mod open_files;
mod output;
mod prompt;
mod report;
mod secret;
mod serve;
mod session;
mod user;

use std::{env, io, path::Path, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};

use crate::{causes::Causes, config::Settings};

/// Log-in for Actix Web. Without a command: serve.
///
/// Every setting is a flag, an environment variable, or a line in the file .env of the working
/// directory; the first of these that is given counts.
#[derive(Parser)]
#[command(name = "waxseal", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    #[command(version)]
    Serve(Box<Settings>),
    /// Print a new secret for SESSION_SECRET
    #[command(version)]
    Secret,
    /// List, add, change and delete users
    #[command(version)]
    User {
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// List and revoke sessions, look into a cookie
    #[command(version)]
    Session {
        #[command(subcommand)]
        command: session::SessionCommand,
    },
}

/// Runs the command that the process was started with. What went wrong is one line on standard
/// error, and an exit code that is not 0.
pub fn run() -> ExitCode {
    if let Err(problem) = read_dotenv(Path::new(".env")) {
        return fail(&problem);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.kind() == ErrorKind::InvalidUtf8 => return fail(&not_utf_8()),
        Err(error) => error.exit(),
    };
    let outcome = match cli.command {
        Some(Command::Secret) => secret::run(),
        Some(Command::Serve(settings)) => serve::run(*settings),
        Some(Command::User { command }) => user::run(command),
        Some(Command::Session { command }) => session::run(command),
        None => serve::run(cli.settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&Causes(&*error).to_string()),
    }
}

fn read_dotenv(path: &Path) -> Result<(), String> {
    match dotenvy::from_path(path) {
        Ok(()) => Ok(()),
        Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // The line is not repeated: it may hold a secret.
        Err(dotenvy::Error::LineParse(_, position)) => {
            Err(format!(".env: a line can't be read, at character {position} of it"))
        }
        Err(error) => Err(format!(".env: {error}")),
    }
}

/// Which of the settings is not UTF-8; clap would not say.
fn not_utf_8() -> String {
    let command = Cli::command();
    let mut variables = command.get_arguments().filter_map(|argument| argument.get_env());
    let wrong =
        variables.find(|name| env::var_os(name).is_some_and(|text| text.to_str().is_none()));
    let name = wrong.and_then(|name| name.to_str()).unwrap_or("an argument");
    format!("{name}: it must be UTF-8")
}

#[expect(clippy::print_stderr, reason = "the command line's own output")]
fn fail(problem: &str) -> ExitCode {
    eprintln!("waxseal: {problem}");
    ExitCode::FAILURE
}

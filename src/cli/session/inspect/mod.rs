//! `waxseal session inspect`: what a session's cookie holds, and whether a server with these
//! settings accepts it.

mod input;
mod inspection;
mod text;

use clap::Args;
use waxseal_seal::InvalidToken;
use waxseal_session::{
    Clock, Keyring, Rejection, RevocationStatus, Timestamp, claims::Claims, cookie, evaluate,
};

use self::{
    input::Token,
    inspection::{Inspection, Status},
};
use crate::{
    accounts::Accounts,
    cli::{
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::{DatabaseArgs, Environment, EnvironmentArgs, SessionArgs, SessionConfig},
    db::DatabaseUrl,
};

#[derive(Args)]
pub(in crate::cli) struct InspectArgs {
    /// The cookie: its value, a `name=value` pair or a whole header; `-` or nothing reads it from
    /// standard input
    ///
    /// Use standard input for a cookie of a live session: other processes can see arguments, and
    /// the shell's history keeps them.
    #[arg(allow_hyphen_values = true)]
    cookie: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    session: SessionArgs,
}

/// The settings of the server that the cookie is for.
struct Server {
    environment: Environment,
    database: DatabaseUrl,
    session: SessionConfig,
}

pub(in crate::cli) async fn run(args: InspectArgs) -> Result<(), Failure> {
    let input = match args.cookie.as_deref() {
        None | Some("-") => input::read()?,
        Some(cookie) => cookie.to_owned(),
    };
    let server = args.server()?;
    let now = Clock::system().now();
    let inspection = inspect(input.trim(), &server, now).await?;
    if args.json { Output::new().json(&inspection) } else { text::print(&inspection, now) }
}

impl InspectArgs {
    fn server(&self) -> Result<Server, Failure> {
        let environment = self.environment.validate()?;
        let database = self.database.validate()?;
        let session = self.session.validate(environment)?;
        if session.temporary_secret {
            return Err(
                "SESSION_SECRET: is not set; only the server's secret unseals a cookie".into()
            );
        }
        Ok(Server { environment, database, session })
    }
}

async fn inspect(input: &str, server: &Server, now: Timestamp) -> Result<Inspection, Failure> {
    let SessionConfig { keyring, cookie_name, .. } = &server.session;
    let other_name = name_in_other_environment(cookie_name);
    let mut inspection = Inspection::of(cookie_name);
    let Token::One(token) = input::find_token(input, [cookie_name, &other_name])? else {
        inspection.status = Status::Rejected(Rejection::DuplicateCookie);
        return Ok(inspection);
    };
    inspection.set_key(&token, keyring);
    let unsealed = match keyring.unseal(&inspection.purpose, &token) {
        Ok(unsealed) => unsealed,
        Err(error) => {
            inspection.status = Status::Rejected(error.reason().into());
            let unseals_as_other = keyring.unseal(&cookie::purpose(&other_name), &token);
            inspection.hint = match (error.reason(), unseals_as_other) {
                (_, Ok(_)) => Some(use_other_environment(server.environment, &other_name)),
                (InvalidToken::UnknownKey, _) => Some(list_keys(keyring)),
                _ => None,
            };
            return Ok(inspection);
        }
    };
    let Ok(claims) = Claims::from_json(&unsealed.plaintext) else {
        inspection.status = Status::Rejected(Rejection::NotASession);
        return Ok(inspection);
    };
    inspection.set_claims(&claims)?;
    let find = async |accounts: Accounts| Ok(accounts.find_session(&claims.sid).await?);
    inspection.set_record(with_accounts(&server.database, IfMissing::Fail, find).await?)?;
    let is_revoked = inspection.record.as_ref().is_some_and(|record| record.revoked_at.is_some());
    let status = if is_revoked { RevocationStatus::Revoked } else { RevocationStatus::Active };
    let SessionConfig { expiry_policy, mode, .. } = &server.session;
    let by_fallback = unsealed.by_fallback;
    inspection.set_evaluation(evaluate(&claims, by_fallback, status, now, expiry_policy, *mode));
    Ok(inspection)
}

fn name_in_other_environment(name: &str) -> String {
    name.strip_prefix("__Host-").map_or_else(|| format!("__Host-{name}"), str::to_owned)
}

fn use_other_environment(environment: Environment, other_name: &str) -> String {
    let other = match environment {
        Environment::Development => "production",
        Environment::Production => "development",
    };
    format!("it was sealed for the cookie {other_name}: set APP_ENV={other} to inspect it")
}

fn list_keys(keyring: &Keyring) -> String {
    let fallbacks: String = keyring.fallback_ids().map(|id| format!(", {id} (fallback)")).collect();
    format!(
        "the configured keys are {} (current){fallbacks}: the server may have another secret",
        keyring.current_id()
    )
}

//! `waxseal session inspect`: what a session's cookie holds, and whether a server with these
//! settings takes it.

use std::io::{self, IsTerminal, Read, Write};

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use clap::Args;

use super::{
    findings::{Findings, Status},
    open::{self, WhenMissing},
    output::{Failure, Output},
    report,
};
use crate::{
    clock::{Clock, Timestamp},
    config::{Config, Environment, Settings},
    seal::{Keyring, Rejection},
    session::{
        cookie::{self, Found},
        envelope::{Claims, Untimely},
    },
};

/// The most that is read from standard input: many times what browsers send.
const MAX_INPUT: u64 = 1 << 20;

#[derive(Args)]
pub(super) struct InspectArgs {
    /// The cookie: its value, a `name=value` pair or a whole header; `-`, or nothing, reads it
    /// from standard input. That is the better way for a cookie that lives: arguments can be seen
    /// by other processes and stay in the shell's history
    #[arg(allow_hyphen_values = true)]
    cookie: Option<String>,

    /// Print the findings as JSON
    #[arg(long)]
    json: bool,

    /// development or production [default: development]
    #[arg(long, env, value_name = "ENV", hide_env_values = true)]
    app_env: Option<String>,

    /// The database; asked only for a cookie that unseals [default: sqlite://waxseal.db]
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// What the server's key is derived from
    #[arg(long, env, value_name = "SECRET", hide_env_values = true)]
    session_secret: Option<String>,

    /// Secrets that are still accepted, separated by commas
    #[arg(long, env, value_name = "SECRETS", hide_env_values = true)]
    session_secret_fallbacks: Option<String>,

    /// Where the server keeps the session's state: cookie or database [default: cookie]
    #[arg(long, env, value_name = "MODE", hide_env_values = true)]
    session_mode: Option<String>,

    /// How long a session lives unused [default: 7d]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    session_idle_timeout: Option<String>,

    /// How long a session lives at most [default: 30d]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    session_lifetime: Option<String>,

    /// With how much of its time left a session is refreshed [default: a quarter of the idle
    /// timeout]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    session_refresh_below: Option<String>,

    /// The cookie's name; in production `__Host-` is put before it [default: session]
    #[arg(long, env, value_name = "NAME", hide_env_values = true)]
    session_cookie_name: Option<String>,
}

pub(super) async fn run(args: InspectArgs) -> Result<(), Failure> {
    let input = match args.cookie.as_deref() {
        None | Some("-") => read_input()?,
        Some(cookie) => cookie.to_owned(),
    };
    let json = args.json;
    let config = args.settings().validate()?;
    if config.temporary_secret {
        return Err("SESSION_SECRET: is not set; a cookie is unsealed with the server's".into());
    }
    let now = Clock::system().now();
    let findings = inspect(input.trim(), config, now).await?;
    if json { Output::new().json(&findings) } else { report::print(&findings, now) }
}

impl InspectArgs {
    fn settings(self) -> Settings {
        Settings {
            app_env: self.app_env,
            database_url: self.database_url,
            session_secret: self.session_secret,
            session_secret_fallbacks: self.session_secret_fallbacks,
            session_mode: self.session_mode,
            session_idle_timeout: self.session_idle_timeout,
            session_lifetime: self.session_lifetime,
            session_refresh_below: self.session_refresh_below,
            session_cookie_name: self.session_cookie_name,
            ..Settings::default()
        }
    }
}

fn read_input() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        writeln!(io::stderr(), "Paste the cookie, then press Enter and Ctrl-D:")?;
    }
    let mut input = String::new();
    let read = io::stdin().lock().take(MAX_INPUT).read_to_string(&mut input);
    read.map_err(|error| format!("standard input can't be read: {error}"))?;
    Ok(input)
}

async fn inspect(input: &str, config: Config, now: Timestamp) -> Result<Findings, Failure> {
    let other_name = other_name(&config);
    let mut findings = Findings::of(&config.cookie_name);
    let Some(token) = find_token(input, [&config.cookie_name, &other_name])? else {
        findings.status = Status::Several;
        return Ok(findings);
    };
    findings.note_key(&token, &config.keyring);
    let unsealed = match config.keyring.unseal(&findings.purpose, &token) {
        Ok(unsealed) => unsealed,
        Err(error) => {
            findings.status = Status::from(error.reason());
            let opens_as_other = config.keyring.unseal(&cookie::purpose(&other_name), &token);
            findings.hint = match (error.reason(), opens_as_other) {
                (_, Ok(_)) => Some(other_environment(&config, &other_name)),
                (Rejection::UnknownKey, _) => Some(keys_at_hand(&config.keyring)),
                _ => None,
            };
            return Ok(findings);
        }
    };
    let Ok(claims) = Claims::from_json(&unsealed.plaintext) else {
        findings.status = Status::NotASession;
        return Ok(findings);
    };
    findings.note_claims(&claims, &unsealed, &config, now)?;
    let accounts = open::accounts(config, WhenMissing::Refuse).await?;
    findings.note_row(accounts.find_session(&claims.sid).await?)?;
    findings.status = match (claims.check_times(now), &findings.row) {
        (Err(Untimely::Expired), _) => Status::Expired,
        (Err(Untimely::FromTheFuture), _) => Status::NotYetValid,
        (Ok(()), None) => Status::UnknownRow,
        (Ok(()), Some(row)) if row.revoked_at.is_some() => Status::Revoked,
        (Ok(()), Some(_)) => Status::Live,
    };
    if findings.status != Status::Live {
        findings.reseal.clear();
    }
    Ok(findings)
}

/// The name that the cookie has in the other environment.
fn other_name(config: &Config) -> String {
    let name = &config.cookie_name;
    name.strip_prefix("__Host-").map_or_else(|| format!("__Host-{name}"), str::to_owned)
}

fn other_environment(config: &Config, other_name: &str) -> String {
    let other = match config.environment {
        Environment::Development => "production",
        Environment::Production => "development",
    };
    format!("it was sealed for the cookie {other_name}: set APP_ENV={other} to look into it")
}

fn keys_at_hand(keyring: &Keyring) -> String {
    let fallbacks: String = keyring.fallback_ids().map(|id| format!(", {id} (fallback)")).collect();
    format!(
        "the keys at hand are {} (current){fallbacks}: the server's secret may be another one",
        keyring.current_id()
    )
}

/// The token in what was given: a value, a pair or a header. `None` when there are several
/// cookies of the first of these names that is there.
fn find_token(input: &str, names: [&str; 2]) -> Result<Option<String>, Failure> {
    let header = ["set-cookie:", "cookie:"].into_iter().find_map(|name| {
        input.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name))?;
        Some(&input[name.len()..])
    });
    let pairs = header.unwrap_or(input).trim();
    // No token has this character.
    if header.is_none() && !pairs.contains('=') {
        return Ok(Some(pairs.to_owned()));
    }
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(pairs).map_err(|_| "a cookie is one line of text")?;
    headers.insert(COOKIE, value);
    for name in names {
        match cookie::find(&headers, name) {
            Found::None => {}
            Found::One(token) => return Ok(Some(String::from_utf8_lossy(token).into_owned())),
            Found::Several => return Ok(None),
        }
    }
    let [name, _] = names;
    let settings = "SESSION_COOKIE_NAME and APP_ENV make the name";
    Err(format!("there is no cookie {name} in what was given ({settings})").into())
}

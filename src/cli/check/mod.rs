//! `waxseal check`: whether the server would start with these settings, and what would not work. It
//! changes nothing, and may run beside the server.

mod database;
mod finding;
mod listen;

use clap::Args;
use waxseal_session::Clock;

use self::finding::{Finding, Level};
use super::output::{Failure, Output, printable};
use crate::{
    config::{Config, ServeArgs, SettingWarning},
    mail::MailTransport,
};

const SMTP_URL: &str = "SMTP_URL";

#[derive(Args)]
pub(super) struct CheckArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Checks everything. `slips` are names that look like settings and are none.
pub(super) async fn run(args: CheckArgs, slips: Vec<SettingWarning>) -> Result<(), Failure> {
    let mut findings: Vec<Finding> = slips.into_iter().map(Finding::from).collect();
    match args.serve.validate() {
        Ok(config) => {
            findings.push(settings(&config));
            findings.push(mail(&config));
            findings.extend(listen::check(&config.server, config.environment));
            findings.extend(database::check(&config, Clock::system().now()).await);
            findings.extend(config.warnings.into_iter().map(Finding::from));
        }
        Err(_) => findings.extend(args.serve.problems().into_iter().map(Finding::from)),
    }
    print(&findings, args.json)?;
    match findings.iter().filter(|finding| finding.level == Level::Error).count() {
        0 => Ok(()),
        1 => Err("the server would not start: 1 error".into()),
        errors => Err(format!("the server would not start: {errors} errors").into()),
    }
}

/// The settings can be used.
fn settings(config: &Config) -> Finding {
    let session = &config.session;
    let secret = match session.temporary_secret {
        true => "a temporary secret".to_owned(),
        false => format!("key {}", session.keyring.current_id()),
    };
    let message =
        format!("{}, cookie {}, {secret}", config.environment.as_str(), session.cookie_name);
    Finding::ok("settings", message)
}

/// Where mail goes. No mail server is contacted: `waxseal mail test` does that.
fn mail(config: &Config) -> Finding {
    match &config.mail.transport {
        Some(transport @ MailTransport::Smtp(_)) => Finding::ok(SMTP_URL, transport.to_string()),
        Some(transport @ MailTransport::Directory(_)) => {
            Finding::ok("MAIL_DIR", transport.to_string())
        }
        None => Finding::ok(SMTP_URL, "is not set: no mail is sent"),
    }
}

fn print(findings: &[Finding], json: bool) -> Result<(), Failure> {
    if json {
        return Output::new().json(&findings);
    }
    let lines: Vec<String> = findings
        .iter()
        .map(|Finding { level, subject, message }| {
            format!("{:<9}{}: {}", level.as_str(), printable(subject), printable(message))
        })
        .collect();
    Output::new().line(&lines.join("\n"))
}

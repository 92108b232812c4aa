//! `waxseal mail test`

use clap::Args;
use waxseal_session::Clock;

use crate::{
    accounts::Email,
    cli::output::{Failure, Output, address},
    config::{EnvironmentArgs, MailArgs, ServerArgs},
    mail::{MailTransport, Site, send_test_mail},
};

#[derive(Args)]
pub(in crate::cli) struct TestArgs {
    /// Where to send it
    #[arg(value_name = "ADDRESS")]
    to: String,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    mail: MailArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: TestArgs) -> Result<(), Failure> {
    let to: Email = args.to.parse().map_err(|error| format!("{:?}: {error}", args.to))?;
    let environment = args.environment.validate()?;
    let origin = args.server.validate(environment)?.public_origin;
    let config = args.mail.validate(environment, origin.as_deref())?;
    let Some(transport) = config.transport else {
        return Err("SMTP_URL: is not set, so no mail is sent".into());
    };
    let site = Site::new(config.from, origin.unwrap_or_else(|| "http://localhost".to_owned()));
    send_test_mail(&transport, &site, &to, &Clock::system()).await?;
    let to = address(&to);
    Output::new().line(&match transport {
        MailTransport::Smtp(url) => format!("{} accepted a mail to {to}", url.server()),
        MailTransport::Directory(folder) => {
            format!("a mail to {to} was written to {}", folder.display())
        }
    })
}

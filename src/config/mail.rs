//! The settings of mail: where it goes, and which mails are sent.

use std::path::PathBuf;

use clap::Args;
use lettre::message::Mailbox;

use super::{
    environment::Environment,
    invalid_setting::{InvalidSetting, SettingWarning},
    secret_file::SecretSetting,
    value::given,
};
use crate::{
    accounts::EmailConfirmation,
    mail::{MailTransport, SmtpUrl},
};

const SMTP_URL: &str = "SMTP_URL";
const MAIL_FROM: &str = "MAIL_FROM";
const MAIL_DIR: &str = "MAIL_DIR";
const EMAIL_CONFIRMATION: &str = "EMAIL_CONFIRMATION";
const DEFAULT_DIR: &str = "mails";
const DEVELOPMENT_FROM: &str = "waxseal <waxseal@localhost>";
const NOTIFY: &str = "on";

/// How mail is sent.
#[derive(Args, Clone, Default)]
pub struct MailArgs {
    /// The mail server: smtps://USER:PASSWORD@HOST, or smtp://HOST?tls=required for STARTTLS
    ///
    /// Without it, production sends no mail: no one can reset a forgotten password. Special characters of
    /// user and password are percent-encoded. Production refuses a server without TLS unless it is on
    /// loopback. Needs PUBLIC_URL and MAIL_FROM.
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// The file that SMTP_URL is in, instead of the setting itself
    #[arg(long, env, value_name = "FILE", hide_env_values = true)]
    pub smtp_url_file: Option<String>,

    /// The sender of mails, such as `Example <noreply@example.com>`
    ///
    /// Mails call the site by this name, or by the host of PUBLIC_URL where there is none.
    #[arg(long, env, value_name = "ADDRESS", hide_env_values = true)]
    pub mail_from: Option<String>,

    /// The folder that mails are written to instead of being sent [default: mails in development]
    ///
    /// Each is a file of the type .eml; development shows them on /dev/mails. They hold links: keep the
    /// folder private. Production needs PUBLIC_URL. Can't be set together with SMTP_URL.
    #[arg(long, env, value_name = "FOLDER", hide_env_values = true)]
    pub mail_dir: Option<String>,

    /// Whether people confirm their email address: `off`, `optional` or `required` [default: optional
    /// with SMTP_URL, else off]
    ///
    /// With optional, sign-up logs in and asks to confirm. With required, no one logs in before, and
    /// sign-up doesn't tell whether an address has an account.
    #[arg(long, env, value_name = "MODE", hide_env_values = true)]
    pub email_confirmation: Option<String>,

    /// Whether people are told of changes to their account: `on` or `off`
    ///
    /// Of a new password or address, of the account's deletion, and of a log-in from a network and a browser
    /// never seen before.
    #[arg(long, env, value_name = "SWITCH", default_value = NOTIFY, hide_env_values = true)]
    pub mail_notify: Option<String>,
}

/// [`MailArgs`], every value checked.
#[derive(Debug)]
pub struct MailConfig {
    /// Where mail goes; `None` if none is sent.
    pub transport: Option<MailTransport>,
    /// The sender.
    pub from: Mailbox,
    /// Whether addresses are confirmed.
    pub confirmation: EmailConfirmation,
    /// Whether people are told of changes to their account.
    pub notify: bool,
    /// What is allowed but unwise.
    pub warnings: Vec<SettingWarning>,
}

impl MailArgs {
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(
        &self,
        environment: Environment,
        public_url: Option<&str>,
    ) -> Result<MailConfig, InvalidSetting> {
        let transport = self.transport(environment)?;
        let is_smtp = matches!(transport, Some(MailTransport::Smtp(_)));
        let in_production = environment == Environment::Production;
        if transport.is_some() && public_url.is_none() && in_production {
            let problem = "is missing: the links in mails begin with it";
            return Err(InvalidSetting::new("PUBLIC_URL", problem));
        }
        Ok(MailConfig {
            from: self.from(is_smtp)?,
            confirmation: self.confirmation(is_smtp, transport.is_some())?,
            notify: self.notify()?,
            warnings: self.warnings(transport.is_some()),
            transport,
        })
    }

    fn transport(&self, environment: Environment) -> Result<Option<MailTransport>, InvalidSetting> {
        let directory = given(&self.mail_dir).map(PathBuf::from);
        let Some(url) = self.smtp_setting().read()? else {
            let in_development = environment == Environment::Development;
            let directory = directory.or(in_development.then(|| DEFAULT_DIR.into()));
            return Ok(directory.map(MailTransport::Directory));
        };
        if directory.is_some() {
            let problem = "SMTP_URL is set too; only one of them can be";
            return Err(InvalidSetting::new(MAIL_DIR, problem));
        }
        let url: SmtpUrl =
            url.trim().parse().map_err(|error| InvalidSetting::new(SMTP_URL, error))?;
        if environment == Environment::Production && !url.requires_tls() && !url.is_loopback() {
            let problem = "must use TLS in production: smtps://…, or smtp://…?tls=required";
            return Err(InvalidSetting::new(SMTP_URL, problem));
        }
        Ok(Some(MailTransport::Smtp(url)))
    }

    fn from(&self, is_smtp: bool) -> Result<Mailbox, InvalidSetting> {
        let text = match given(&self.mail_from) {
            Some(text) => text,
            None if is_smtp => {
                let problem = "is missing: set the sender, such as Example <noreply@example.com>";
                return Err(InvalidSetting::new(MAIL_FROM, problem));
            }
            None => DEVELOPMENT_FROM,
        };
        text.parse().map_err(|_| {
            let problem = format!(
                "{text:?} must be an address such as Example <noreply@example.com>; a name with a \
                     comma or the like is quoted: \"Example, Inc.\" <noreply@example.com>"
            );
            InvalidSetting::new(MAIL_FROM, problem)
        })
    }

    fn confirmation(
        &self,
        is_smtp: bool,
        is_sent: bool,
    ) -> Result<EmailConfirmation, InvalidSetting> {
        let confirmation = match given(&self.email_confirmation) {
            None if is_smtp => EmailConfirmation::Optional,
            None | Some("off") => EmailConfirmation::Off,
            Some("optional") => EmailConfirmation::Optional,
            Some("required") => EmailConfirmation::Required,
            Some(other) => {
                let problem = format!("{other:?} must be off, optional or required");
                return Err(InvalidSetting::new(EMAIL_CONFIRMATION, problem));
            }
        };
        if !is_sent && confirmation != EmailConfirmation::Off {
            let problem = "needs SMTP_URL: no mail is sent without it";
            return Err(InvalidSetting::new(EMAIL_CONFIRMATION, problem));
        }
        Ok(confirmation)
    }

    fn notify(&self) -> Result<bool, InvalidSetting> {
        match given(&self.mail_notify).unwrap_or(NOTIFY) {
            "on" => Ok(true),
            "off" => Ok(false),
            other => {
                Err(InvalidSetting::new("MAIL_NOTIFY", format!("{other:?} must be on or off")))
            }
        }
    }

    fn warnings(&self, is_sent: bool) -> Vec<SettingWarning> {
        let unused = !is_sent && given(&self.mail_from).is_some();
        let unused = unused.then(|| {
            SettingWarning::new(MAIL_FROM, "is set, but SMTP_URL is not: no mail is sent")
        });
        self.smtp_setting().warning().into_iter().chain(unused).collect()
    }

    fn smtp_setting(&self) -> SecretSetting<'_> {
        let (value, file) = (&self.smtp_url, &self.smtp_url_file);
        SecretSetting { name: SMTP_URL, value, file, may_be_empty: true }
    }
}

//! `waxseal mail list`

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    accounts::{Accounts, UserId},
    cli::{
        open_database::{IfMissing, with_accounts},
        output::{Address, Failure, Item, List, Rfc3339, minute},
    },
    config::DatabaseArgs,
    db::QueuedMail,
};

/// Mails that are fetched at once.
const BATCH: u32 = 500;

#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: ListArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    let json = args.json;
    with_accounts(&database, IfMissing::Fail, async |accounts| list(json, accounts).await).await
}

async fn list(json: bool, accounts: Accounts) -> Result<(), Failure> {
    let mut list = List::new::<MailItem>(json);
    let mut last: Option<Uuid> = None;
    loop {
        let mails = accounts.store.mails_after(last, BATCH).await?;
        last = mails.last().map(|last| last.id);
        let items: Vec<MailItem> = mails.into_iter().map(MailItem::from).collect();
        if !list.print(&items)? || items.is_empty() {
            return list.finish("No mails wait.");
        }
    }
}

#[derive(Serialize)]
struct MailItem {
    mail_id: Uuid,
    kind: String,
    email: Address,
    user_id: Option<UserId>,
    queued_at: Rfc3339,
    attempts: i64,
    next_attempt: Option<Rfc3339>,
    given_up_at: Option<Rfc3339>,
    last_error: Option<String>,
}

impl From<QueuedMail> for MailItem {
    fn from(mail: QueuedMail) -> Self {
        Self {
            mail_id: mail.id,
            kind: mail.kind,
            email: Address(mail.to),
            user_id: mail.user_id,
            queued_at: Rfc3339(mail.created_at),
            attempts: mail.attempts,
            next_attempt: mail.failed_at.is_none().then_some(Rfc3339(mail.due_at)),
            given_up_at: mail.failed_at.map(Rfc3339),
            last_error: mail.last_error,
        }
    }
}

impl Item<7> for MailItem {
    const HEADINGS: [&'static str; 7] =
        ["ID", "KIND", "TO", "QUEUED", "ATTEMPTS", "NEXT ATTEMPT", "LAST ERROR"];

    fn cells(&self) -> [String; 7] {
        [
            self.mail_id.to_string(),
            self.kind.clone(),
            self.email.to_string(),
            minute(self.queued_at.0),
            self.attempts.to_string(),
            self.next_attempt.map_or_else(|| "given up".to_owned(), |at| minute(at.0)),
            self.last_error.clone().unwrap_or_default(),
        ]
    }
}

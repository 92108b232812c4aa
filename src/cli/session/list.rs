//! `waxseal session list`

use clap::Args;
use serde::Serialize;
use waxseal_session::SessionId;

use crate::{
    accounts::{Accounts, ListedSession, SessionInfo},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Address, Failure, Item, List, Rfc3339, minute},
    },
    config::DatabaseArgs,
};

/// How much of a browser's name the last column shows.
const BROWSER_CHARS: usize = 48;

#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    /// Only the sessions of this user: an email address or id
    #[arg(long)]
    user: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: ListArgs) -> Result<(), Failure> {
    let database = args.database.validate()?;
    with_accounts(&database, IfMissing::Fail, async |accounts| list(args, accounts).await).await
}

async fn list(args: ListArgs, accounts: Accounts) -> Result<(), Failure> {
    let user = match &args.user {
        Some(name) => Some(find_user(&accounts, name).await?.id),
        None => None,
    };
    let mut list = List::new::<SessionItem>(args.json);
    let mut last: Option<SessionInfo> = None;
    loop {
        let sessions = accounts.sessions_after(user, last.as_ref()).await?;
        last = sessions.last().map(|last| last.session.clone());
        let items: Vec<SessionItem> = sessions.into_iter().map(SessionItem::from).collect();
        if !list.print(&items)? || items.is_empty() {
            return list.finish("No live sessions.");
        }
    }
}

#[derive(Serialize)]
struct SessionItem {
    session_id: SessionId,
    user_id: Option<String>,
    email: Option<Address>,
    created_at: Rfc3339,
    last_seen: Rfc3339,
    expires_at: Rfc3339,
    address: Option<String>,
    user_agent: Option<String>,
}

impl From<ListedSession> for SessionItem {
    fn from(ListedSession { session, email }: ListedSession) -> Self {
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            session_id: session.id,
            user_id: session.user_id,
            email: email.map(Address),
            created_at: Rfc3339(session.auth_time),
            last_seen: Rfc3339(session.last_seen),
            expires_at: Rfc3339(session.expires_at),
            address: known(session.client.address),
            user_agent: known(session.client.user_agent),
        }
    }
}

impl Item<7> for SessionItem {
    const HEADINGS: [&'static str; 7] =
        ["ID", "USER", "LOGGED IN", "LAST SEEN", "EXPIRES", "ADDRESS", "BROWSER"];

    fn cells(&self) -> [String; 7] {
        [
            self.session_id.to_string(),
            self.email
                .as_ref()
                .map(ToString::to_string)
                .or_else(|| self.user_id.clone())
                .unwrap_or_default(),
            minute(self.created_at.0),
            minute(self.last_seen.0),
            minute(self.expires_at.0),
            self.address.clone().unwrap_or_default(),
            shortened(self.user_agent.as_deref().unwrap_or_default()),
        ]
    }
}

fn shortened(browser: &str) -> String {
    match browser.char_indices().nth(BROWSER_CHARS) {
        Some((end, _)) => format!("{}…", &browser[..end]),
        None => browser.to_owned(),
    }
}

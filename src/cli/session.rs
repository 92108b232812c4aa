//! `waxseal session`: the live sessions, ending one, and looking into a cookie.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::{
    inspect::{self, InspectArgs},
    open::{self, Database, WhenMissing, block_on},
    output::{Failure, Item, List, Output, Rfc3339, minute},
};
use crate::{
    accounts::{Actor, ListedSession, Revocation, SessionInfo},
    session::SessionId,
};

/// How much of a browser's name stands in the table; it is the last column.
const BROWSER_CHARS: usize = 48;

#[derive(Subcommand)]
pub(super) enum SessionCommand {
    /// List the live sessions, the latest log-in first
    #[command(version)]
    List(ListArgs),
    /// End a session, for good; a running server refuses it within two seconds
    #[command(version)]
    Revoke(RevokeArgs),
    /// Say what a session's cookie holds, and whether a server takes it or why not
    #[command(version)]
    Inspect(Box<InspectArgs>),
}

#[derive(Args)]
pub(super) struct ListArgs {
    /// Only those of this user: an e-mail address or id
    #[arg(long)]
    user: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(Args)]
pub(super) struct RevokeArgs {
    /// The session's id, as `waxseal session list` prints it
    // It may begin with a hyphen.
    #[arg(allow_hyphen_values = true)]
    session: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

pub(super) fn run(command: SessionCommand) -> Result<(), Failure> {
    block_on(async {
        match command {
            SessionCommand::List(args) => list(args).await,
            SessionCommand::Revoke(args) => revoke(args).await,
            SessionCommand::Inspect(args) => inspect::run(*args).await,
        }
    })
}

async fn list(args: ListArgs) -> Result<(), Failure> {
    let config = args.database.settings().validate()?;
    let accounts = open::accounts(config, WhenMissing::Refuse).await?;
    let user = match &args.user {
        Some(name) => Some(open::user(&accounts, name).await?.id),
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

async fn revoke(args: RevokeArgs) -> Result<(), Failure> {
    let id: SessionId =
        args.session.parse().map_err(|error| format!("{:?}: {error}", args.session))?;
    let config = args.database.settings().validate()?;
    let accounts = open::accounts(config, WhenMissing::Refuse).await?;
    let was_live = match accounts.revoke_session(&id, &Actor::CommandLine).await? {
        Revocation::Done => true,
        Revocation::OverAlready => false,
        Revocation::NoSuchSession => return Err(format!("there is no session {id}").into()),
    };
    if args.json {
        return Output::new().json(&json!({ "session_id": id, "was_live": was_live }));
    }
    Output::new().line(&if was_live {
        format!("session {id} is revoked")
    } else {
        format!("session {id} was over already")
    })
}

/// A session in the list.
#[derive(Serialize)]
struct SessionItem {
    session_id: SessionId,
    user_id: Option<String>,
    email: Option<String>,
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
            email: email.map(|email| email.to_string()),
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
            self.email.clone().or_else(|| self.user_id.clone()).unwrap_or_default(),
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

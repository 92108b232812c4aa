//! `waxseal user list`

use clap::Args;

use super::user_item::UserItem;
use crate::{
    accounts::{Accounts, Email},
    cli::{
        open_database::{IfMissing, with_accounts},
        output::{Failure, List},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    /// Only users whose email address contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    search: String,
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
    let mut list = List::new::<UserItem>(args.json);
    let mut last: Option<Email> = None;
    loop {
        let users = accounts.users_after(&args.search, last.as_ref()).await?;
        last = users.last().map(|last| last.user.email.clone());
        let items: Vec<UserItem> = users.into_iter().map(UserItem::from).collect();
        if !list.print(&items)? || items.is_empty() {
            return list.finish("No users.");
        }
    }
}

//! `waxseal user enable`

use serde_json::json;

use super::{
    refusal,
    user_args::{Outcome, UserArgs},
};
use crate::{
    accounts::{Actor, Enabling},
    cli::output::Failure,
};

pub(super) async fn run(args: UserArgs) -> Result<(), Failure> {
    args.run(async |accounts, user| {
        let changed = match accounts.enable_user(user.id, &Actor::CommandLine).await? {
            Enabling::Done => true,
            Enabling::Unchanged => false,
            Enabling::NoSuchUser => return Err(refusal::no_such_user(&user.email)),
        };
        let text = match changed {
            true => " is enabled and can log in again",
            false => " is already enabled",
        };
        let fields = json!({ "disabled": false, "changed": changed });
        Ok(Outcome { fields, text: text.to_owned() })
    })
    .await
}

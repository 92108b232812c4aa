//! `waxseal user unlock`

use serde_json::json;

use super::user_args::{Outcome, UserArgs};
use crate::{accounts::Actor, cli::output::Failure};

pub(super) async fn run(args: UserArgs) -> Result<(), Failure> {
    args.run(async |accounts, user| {
        let changed = accounts.unlock_user(user, &Actor::CommandLine).await?;
        let text = match changed {
            true => " is unlocked: the failed log-ins are forgotten",
            false => " is already unlocked: there are no failed log-ins",
        };
        Ok(Outcome { fields: json!({ "changed": changed }), text: text.to_owned() })
    })
    .await
}

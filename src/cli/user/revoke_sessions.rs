//! `waxseal user revoke-sessions`

use serde_json::json;

use super::user_args::{Outcome, UserArgs};
use crate::{accounts::Actor, cli::output::Failure, text::count};

pub(super) async fn run(args: UserArgs) -> Result<(), Failure> {
    args.run(async |accounts, user| {
        let revoked = accounts.revoke_sessions(user.id, None, &Actor::CommandLine).await?;
        let fields = json!({ "revoked_sessions": revoked });
        let text = format!(": {} revoked", count(revoked as u64, "session"));
        Ok(Outcome { fields, text })
    })
    .await
}

//! `waxseal user disable`

use serde_json::json;

use super::{
    refusal,
    user_args::{Outcome, UserArgs},
};
use crate::{
    accounts::{Actor, Disabling},
    cli::output::Failure,
};

pub(super) async fn run(args: UserArgs) -> Result<(), Failure> {
    args.run(async |accounts, user| {
        let changed = match accounts.disable_user(user.id, &Actor::CommandLine).await? {
            Disabling::Done => true,
            Disabling::Unchanged => false,
            Disabling::NoSuchUser => return Err(refusal::no_such_user(&user.email)),
            Disabling::LastAdmin => return Err(refusal::last_admin(&user.email)),
        };
        let text = match changed {
            true => " is disabled and logged out everywhere",
            false => " is already disabled",
        };
        let fields = json!({ "disabled": true, "changed": changed });
        Ok(Outcome { fields, text: text.to_owned() })
    })
    .await
}

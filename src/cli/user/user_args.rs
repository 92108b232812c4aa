//! What the commands that act on one user have in common: their arguments, and how they begin and end.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    accounts::{Accounts, User},
    cli::{
        find_user::find_user,
        open_database::{IfMissing, with_accounts},
        output::{Failure, Output},
    },
    config::DatabaseArgs,
};

#[derive(Args)]
pub(in crate::cli) struct UserArgs {
    /// The user's email address or id
    user: String,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// What a command says at its end.
pub(super) struct Outcome {
    /// The fields beside `user_id` and `email`.
    pub(super) fields: Value,
    /// The line without `--json`, after the user's email address.
    pub(super) text: String,
}

impl UserArgs {
    /// Acts on the user and prints the outcome.
    pub(super) async fn run(
        self,
        act: impl AsyncFnOnce(&Accounts, &User) -> Result<Outcome, Failure>,
    ) -> Result<(), Failure> {
        let database = self.database.validate()?;
        with_accounts(&database, IfMissing::Fail, async |accounts| {
            let user = find_user(&accounts, &self.user).await?;
            let Outcome { fields, text } = act(&accounts, &user).await?;
            if !self.json {
                return Output::new().line(&format!("{}{text}", user.email));
            }
            let mut outcome =
                json!({ "user_id": user.id.to_string(), "email": user.email.as_str() });
            if let (Some(outcome), Value::Object(fields)) = (outcome.as_object_mut(), fields) {
                outcome.extend(fields);
            }
            Output::new().json(&outcome)
        })
        .await
    }
}

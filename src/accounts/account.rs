//! Changes that users make to their own account: changing the password, deleting the account.

use waxseal_session::{SessionRecord, State, Timestamp};

use super::{error::AccountsError, login::HASH_ATTEMPTS, service::Accounts, throttle::Admission};
use crate::{
    audit,
    db::{Attempt, Client, Credentials, LoginContext, NewLogin},
    domain::{AccountDeletion, Actor, Password, PasswordChange, UserId},
    telemetry,
};

/// The outcome of asking a signed-in user for their password again.
enum Reauthentication {
    Verified(Credentials, Attempt),
    Wrong,
    Throttled(Timestamp),
}

impl Accounts {
    /// Changes the password of a signed-in user. Ends all of their sessions and opens a new one with
    /// this state.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn change_password(
        &self,
        user: UserId,
        (current, new): (&Password, &Password),
        context: &LoginContext,
        state: State,
    ) -> Result<PasswordChange, AccountsError> {
        let from = &context.client.address;
        for _attempt in 0..HASH_ATTEMPTS {
            let (credentials, attempt) = match self.reauthenticate(user, current, context).await? {
                Reauthentication::Verified(credentials, attempt) => (credentials, attempt),
                Reauthentication::Wrong => return Ok(PasswordChange::WrongPassword),
                Reauthentication::Throttled(until) => return Ok(PasswordChange::Throttled(until)),
            };
            if let Err(rejected) = self.validate(new, &credentials.user.email).await? {
                return Ok(PasswordChange::Rejected(rejected));
            }
            let change = NewLogin {
                user_id: user,
                verified_hash: &credentials.password_hash,
                password_hash: &self.hashing.hash(new).await?,
                context,
                attempt: &attempt,
            };
            let session = SessionRecord::new(&self.expiry_policy, self.clock.now(), state.clone());
            let Some(outcome) = self.store.change_password(change, session).await? else {
                continue;
            };
            match &outcome {
                PasswordChange::Done(session) => audit::password_changed(user, session.id, from),
                PasswordChange::Throttled(until) => audit::password_throttled(user, from, until),
                _ => {}
            }
            return Ok(outcome);
        }
        Ok(PasswordChange::WrongPassword)
    }

    /// Deletes the account of a signed-in user.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn delete_account(
        &self,
        user: UserId,
        password: &Password,
        context: &LoginContext,
    ) -> Result<AccountDeletion, AccountsError> {
        let credentials = match self.reauthenticate(user, password, context).await? {
            Reauthentication::Verified(credentials, _) => credentials,
            Reauthentication::Wrong => return Ok(AccountDeletion::WrongPassword),
            Reauthentication::Throttled(until) => return Ok(AccountDeletion::Throttled(until)),
        };
        let outcome = self.store.delete_user(user, Some(&credentials.password_hash)).await?;
        if outcome == AccountDeletion::Done {
            let by = Actor::Person { user_id: user, from: context.client.address.clone() };
            audit::account_deleted(user, &by.acting_on(user));
        }
        Ok(outcome)
    }

    /// Checks the user's password. A wrong one counts as a failed log-in and is throttled like one.
    async fn reauthenticate(
        &self,
        user: UserId,
        password: &Password,
        LoginContext { client, .. }: &LoginContext,
    ) -> Result<Reauthentication, AccountsError> {
        let Some(credentials) = self.store.credentials(user).await? else {
            return Ok(Reauthentication::Wrong);
        };
        let attempt = match self.admit(&credentials.user.email, Some(user), client).await? {
            Admission::Admitted(attempt) => attempt,
            Admission::Throttled(until) => return Ok(throttled(user, client, until)),
        };
        let verified = self.hashing.verify(password, Some(&credentials.password_hash)).await?;
        let until = match verified {
            Some(_) => self.store.retry_at(&attempt).await?,
            None => self.store.record_failure(&attempt, Some(user), client).await?,
        };
        if let Some(until) = until {
            return Ok(throttled(user, client, until));
        }
        if verified.is_some() {
            return Ok(Reauthentication::Verified(credentials, attempt));
        }
        telemetry::login_refused();
        audit::password_refused(user, &client.address);
        Ok(Reauthentication::Wrong)
    }
}

fn throttled(user: UserId, client: &Client, until: Timestamp) -> Reauthentication {
    telemetry::login_throttled();
    audit::password_throttled(user, &client.address, until);
    Reauthentication::Throttled(until)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;
    use crate::{
        accounts::testing::{EMAIL, Fixture, PASSWORD, context, email, password},
        domain::{PasswordHash, Role},
    };

    /// Deletes an account with the right password, and runs `meanwhile` before the password is checked.
    async fn delete(fixture: &Fixture, meanwhile: impl AsyncFnOnce(&Accounts)) -> AccountDeletion {
        let (accounts, password, context) = (&fixture.accounts, password(PASSWORD), context());
        let mut deletion = pin!(accounts.delete_account(fixture.ann, &password, &context));
        let Ok(job) = fixture.run_until_hash(deletion.as_mut()).await else { panic!("no hash") };
        meanwhile(accounts).await;
        job();
        deletion.await.unwrap()
    }

    async fn admitted(accounts: &Accounts) -> Attempt {
        let admission = accounts.admit(&email(EMAIL), None, &context().client).await.unwrap();
        let Admission::Admitted(attempt) = admission else { panic!("throttled") };
        attempt
    }

    #[actix_web::test]
    async fn a_deletion_fails_if_the_password_changes_during_the_check() {
        let fixture = Fixture::new().await;
        let deletion = delete(&fixture, async |accounts| {
            let credentials = accounts.store.credentials(fixture.ann).await.unwrap().unwrap();
            let change = NewLogin {
                user_id: fixture.ann,
                verified_hash: &credentials.password_hash,
                password_hash: &PasswordHash::from_phc("another"),
                context: &LoginContext::default(),
                attempt: &admitted(accounts).await,
            };
            let session = accounts.new_session(fixture.ann, Role::User).unwrap();
            let changed = accounts.store.change_password(change, session).await.unwrap();
            assert!(matches!(changed, Some(PasswordChange::Done(_))));
        });
        assert_eq!(deletion.await, AccountDeletion::WrongPassword);
        assert!(fixture.accounts.user(fixture.ann).await.unwrap().is_some());
    }

    /// So an attacker can't get more guesses by sending them all at once.
    #[actix_web::test]
    async fn a_deletion_is_throttled_if_concurrent_attempts_fail() {
        let fixture = Fixture::new().await;
        let deletion = delete(&fixture, async |accounts| {
            let client = context().client;
            for _ in 0..5 {
                let attempt = admitted(accounts).await;
                let refused = accounts.store.record_failure(&attempt, None, &client).await.unwrap();
                assert_eq!(refused, None);
            }
        });
        assert!(matches!(deletion.await, AccountDeletion::Throttled(_)));
        assert!(fixture.accounts.user(fixture.ann).await.unwrap().is_some());
    }
}

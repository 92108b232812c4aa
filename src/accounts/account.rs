//! What people change about their own account: the password, or that it exists.

use waxseal_session::{SessionRecord, State, Timestamp};

use super::{error::AccountsError, login::HASH_ATTEMPTS, service::Accounts, throttle::Admission};
use crate::{
    audit,
    db::{Attempt, Client, Credentials, LoginContext, NewLogin},
    domain::{AccountDeletion, Actor, Password, PasswordChange, UserId},
    telemetry,
};

/// What became of a password that a person who is logged in was asked for.
enum Reauthentication {
    /// It is the one.
    Verified(Credentials, Attempt),
    Wrong,
    Throttled(Timestamp),
}

impl Accounts {
    /// Changes the password of a person who is logged in. The session, with this state, is renewed;
    /// all others end.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; nothing is changed then.
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

    /// Deletes the account of a person who is logged in.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; nothing is changed then.
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
            audit::account_deleted(user, by.acting_on(user));
        }
        Ok(outcome)
    }

    /// Whether this is the user's password. A wrong one counts as a refused log-in, and makes wait
    /// like one.
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
        accounts::testing::{EMAIL, PASSWORD, World, context, email, password},
        domain::{PasswordHash, Role},
    };

    /// Deletes an account with the right password; before that is looked at, something happens.
    async fn delete(world: &World, meanwhile: impl AsyncFnOnce(&Accounts)) -> AccountDeletion {
        let (accounts, password, context) = (&world.accounts, password(PASSWORD), context());
        let mut deletion = pin!(accounts.delete_account(world.ann, &password, &context));
        let Ok(job) = world.until_it_hashes(deletion.as_mut()).await else { panic!("no hash") };
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
    async fn a_password_that_is_changed_while_it_is_looked_at_deletes_nothing() {
        let world = World::new().await;
        let deletion = delete(&world, async |accounts| {
            let credentials = accounts.store.credentials(world.ann).await.unwrap().unwrap();
            let change = NewLogin {
                user_id: world.ann,
                verified_hash: &credentials.password_hash,
                password_hash: &PasswordHash::from_phc("another"),
                context: &LoginContext::default(),
                attempt: &admitted(accounts).await,
            };
            let session = accounts.new_session(world.ann, Role::User).unwrap();
            let changed = accounts.store.change_password(change, session).await.unwrap();
            assert!(matches!(changed, Some(PasswordChange::Done(_))));
        });
        assert_eq!(deletion.await, AccountDeletion::WrongPassword);
        assert!(world.accounts.user(world.ann).await.unwrap().is_some());
    }

    /// Of a thousand guesses at the same time, the right one deletes nothing either.
    #[actix_web::test]
    async fn the_right_password_is_too_early_when_others_were_wrong_at_the_same_time() {
        let world = World::new().await;
        let deletion = delete(&world, async |accounts| {
            let client = context().client;
            for _ in 0..5 {
                let attempt = admitted(accounts).await;
                let refused = accounts.store.record_failure(&attempt, None, &client).await.unwrap();
                assert_eq!(refused, None);
            }
        });
        assert!(matches!(deletion.await, AccountDeletion::Throttled(_)));
        assert!(world.accounts.user(world.ann).await.unwrap().is_some());
    }
}

//! What people change about their own account: the password, or that it exists.

use super::{
    email::Email,
    error::AccountsError,
    login::{HASH_ATTEMPTS, LoginContext},
    password::{Password, PasswordRejected},
    service::Accounts,
    throttle::Admission,
    user::{Role, User, UserId},
};
use crate::{
    audit,
    clock::Timestamp,
    db::{Attempt, Client, Deletion, NewLogin, NewPassword, UserRow},
    session::{SessionRecord, State},
    telemetry,
};

/// How a change of password ended.
#[derive(Debug)]
pub enum PasswordChange {
    /// It is changed. The other sessions have ended; this is the one that goes on.
    Done(SessionRecord),
    /// The current password is another one.
    WrongPassword,
    /// The new password is not fit to be one.
    Unfit(PasswordRejected),
    /// The session has ended in the meantime.
    SessionOver,
    /// Too many wrong passwords before; until then.
    Throttled(Timestamp),
}

/// How the deletion of an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountDeletion {
    /// Account and sessions are gone.
    Done,
    /// The password is another one.
    WrongPassword,
    /// Nobody could manage the accounts any more.
    LastAdmin,
    /// Too many wrong passwords before; until then.
    Throttled(Timestamp),
}

/// What became of a password that somebody who is logged in was asked for.
enum Reauthentication {
    /// It is the one.
    Right(UserRow, Attempt),
    Wrong,
    Throttled(Timestamp),
}

impl Accounts {
    /// Changes the password of somebody who is logged in. The session, with this state, is
    /// renewed; all others end.
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
        for _attempt in 0..HASH_ATTEMPTS {
            let (row, attempt) = match self.confirm(user, current, context).await? {
                Reauthentication::Right(row, attempt) => (row, attempt),
                Reauthentication::Wrong => return Ok(PasswordChange::WrongPassword),
                Reauthentication::Throttled(until) => return Ok(PasswordChange::Throttled(until)),
            };
            let email: Email = User::try_from(row.clone())?.email;
            if let Err(unfit) = self.validate(new, &email).await? {
                return Ok(PasswordChange::Unfit(unfit));
            }
            let hash = self.hashing.hash(new).await?;
            let session = SessionRecord::open(&self.lifetimes, self.clock.now(), state.clone());
            let change = NewLogin {
                user_id: &row.id,
                verified_hash: &row.password_hash,
                password_hash: &hash,
                replaces: context.replaces.as_ref(),
                client: &context.client,
                attempt: Some(&attempt),
            };
            match self.sessions.change_password(change, &session).await? {
                NewPassword::OtherHash => continue,
                NewPassword::SessionOver => return Ok(PasswordChange::SessionOver),
                NewPassword::Throttled(until) => {
                    audit::password_throttled(user, &context.client.address, until);
                    return Ok(PasswordChange::Throttled(until));
                }
                NewPassword::Done => {}
            }
            audit::password_changed(user, session.id, &context.client.address);
            return Ok(PasswordChange::Done(session));
        }
        Ok(PasswordChange::WrongPassword)
    }

    /// Deletes the account of somebody who is logged in.
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
        let row = match self.confirm(user, password, context).await? {
            Reauthentication::Right(row, _) => row,
            Reauthentication::Wrong => return Ok(AccountDeletion::WrongPassword),
            Reauthentication::Throttled(until) => return Ok(AccountDeletion::Throttled(until)),
        };
        let hash = Some(row.password_hash.as_str());
        let deleted = self.sessions.delete_user(&row.id, hash, Role::Admin.as_str()).await?;
        Ok(match deleted {
            Deletion::Done => {
                audit::account_deleted(user, &context.client.address);
                AccountDeletion::Done
            }
            Deletion::NoSuchUser => AccountDeletion::WrongPassword,
            Deletion::LastAdmin => AccountDeletion::LastAdmin,
        })
    }

    /// Whether this is the user's password. A wrong one counts as a refused log-in, and makes wait
    /// like one.
    async fn confirm(
        &self,
        user: UserId,
        password: &Password,
        context: &LoginContext,
    ) -> Result<Reauthentication, AccountsError> {
        let (id, client) = (user.to_string(), &context.client);
        let Some(row) = self.storage.user_by_id(&id).await? else {
            return Ok(Reauthentication::Wrong);
        };
        let email: Email = User::try_from(row.clone())?.email;
        let attempt = match self.admit(&email, Some(&id), client).await? {
            Admission::Admitted(attempt) => attempt,
            Admission::Throttled(until) => return Ok(throttled(user, client, until)),
        };
        let verified = self.hashing.verify(password, Some(&row.password_hash)).await?;
        let now = self.clock.now();
        let until = match verified {
            Some(_) => self.storage.retry_at(&attempt, now).await?,
            None => self.storage.record_failure(&attempt, Some(&id), client, now).await?,
        };
        if let Some(until) = until {
            return Ok(throttled(user, client, until));
        }
        if verified.is_some() {
            return Ok(Reauthentication::Right(row, attempt));
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
    use crate::accounts::testing::{ByHand, EMAIL, PASSWORD, context, email, password};

    /// Deletes an account with the right password; before that is looked at, something happens.
    async fn delete(testing: &ByHand, meanwhile: impl AsyncFnOnce(&Accounts)) -> AccountDeletion {
        let (accounts, password, context) = (&testing.accounts, password(PASSWORD), context());
        let mut deletion = pin!(accounts.delete_account(testing.ann, &password, &context));
        let Ok(job) = testing.until_it_hashes(deletion.as_mut()).await else { panic!("no hash") };
        meanwhile(accounts).await;
        job();
        deletion.await.unwrap()
    }

    #[actix_web::test]
    async fn a_password_that_is_changed_while_it_is_looked_at_deletes_nothing() {
        let testing = ByHand::start().await;
        let deletion = delete(&testing, async |accounts| {
            let id = testing.ann.to_string();
            let row = accounts.storage.user_by_id(&id).await.unwrap().unwrap();
            let change = NewLogin {
                user_id: &id,
                verified_hash: &row.password_hash,
                password_hash: "another",
                replaces: None,
                client: &context().client,
                attempt: None,
            };
            let session = accounts.new_session(testing.ann, Role::User).unwrap();
            let changed = accounts.sessions.change_password(change, &session).await.unwrap();
            assert_eq!(changed, NewPassword::Done);
        });
        assert_eq!(deletion.await, AccountDeletion::WrongPassword);
        assert!(testing.accounts.user(testing.ann).await.unwrap().is_some());
    }

    /// Of a thousand guesses at the same time, the right one deletes nothing either.
    #[actix_web::test]
    async fn the_right_password_is_too_early_when_others_were_wrong_at_the_same_time() {
        let testing = ByHand::start().await;
        let deletion = delete(&testing, async |accounts| {
            let client = context().client;
            for _ in 0..5 {
                let admission = accounts.admit(&email(EMAIL), None, &client).await.unwrap();
                let Admission::Admitted(attempt) = admission else { panic!("too early") };
                let now = accounts.clock.now();
                let refused =
                    accounts.storage.record_failure(&attempt, None, &client, now).await.unwrap();
                assert_eq!(refused, None);
            }
        });
        assert!(matches!(deletion.await, AccountDeletion::Throttled(_)));
        assert!(testing.accounts.user(testing.ann).await.unwrap().is_some());
    }
}

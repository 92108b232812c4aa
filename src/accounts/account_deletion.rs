//! Deleting one's own account.

use waxseal_session::SessionId;

use super::{
    error::AccountsError, reauthentication::Verification, service::Accounts, sessions::user_of,
};
use crate::{
    audit,
    db::LoginContext,
    domain::{AccountDeletion, Actor, Password, UserId},
};

impl Accounts {
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
        let credentials = match self.verify(user, password, &context.client).await? {
            Verification::Right(credentials, _) => credentials,
            Verification::Wrong(_, attempt) => {
                let until = self.refuse(user, &attempt, &context.client).await?;
                return Ok(until.map_or(AccountDeletion::WrongPassword, AccountDeletion::Throttled));
            }
            Verification::Throttled(until) => return Ok(AccountDeletion::Throttled(until)),
            Verification::NoSuchUser => return Ok(AccountDeletion::NoSuchUser),
        };
        let notice = self.deletion_notice(&credentials.user, self.act_of(&context.client));
        let verified = Some(&credentials.password_hash);
        let outcome = self.store.delete_user(user, verified, notice.as_ref()).await?;
        if outcome == AccountDeletion::Done {
            let by = Actor::Person { user_id: user, from: context.client.address.clone() };
            audit::account_deleted(user, &by.acting_on(user));
        }
        Ok(outcome)
    }

    /// Whether a session's user has deleted the account, perhaps with the same form a moment ago.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn has_lost_its_account(&self, session: &SessionId) -> Result<bool, AccountsError> {
        let Some(found) = self.store.sessions().find(session).await? else { return Ok(false) };
        match user_of(&found.session) {
            Some(user) => Ok(self.store.user(user).await?.is_none()),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;
    use crate::{
        accounts::{
            testing::{EMAIL, Fixture, PASSWORD, context, email, password},
            throttle::Admission,
        },
        db::{Attempt, NewLogin},
        domain::{PasswordChange, PasswordHash, Role},
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
                notice: None,
            };
            let session =
                accounts.new_session(fixture.ann, Role::User, &LoginContext::default()).unwrap();
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

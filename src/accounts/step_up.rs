//! Step-up: a signed-in user enters the password again, before something dangerous. The session is renewed, so
//! its `auth_time` says when that was.

use waxseal_session::{SessionId, SessionRecord, State, Timestamp};

use super::{
    error::AccountsError, login::HASH_ATTEMPTS, reauthentication::Verification, service::Accounts,
};
use crate::{
    audit,
    db::{LoginContext, NewLogin},
    domain::{Password, StepUp, UserId},
};

impl Accounts {
    /// Whether `auth_time` is recent enough for a dangerous change.
    pub fn is_recent(&self, auth_time: Timestamp) -> bool {
        self.clock.now().since(auth_time) <= self.step_up_after
    }

    /// Renews the session of a signed-in user if the password is right: ends it, and opens another with the same
    /// state. The same form sent twice renews it once, and both get the new session.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn step_up(
        &self,
        user: UserId,
        password: &Password,
        context: &LoginContext,
        state: State,
    ) -> Result<StepUp, AccountsError> {
        let mut session = SessionRecord::new(&self.expiry_policy, self.clock.now(), state);
        session.id = context.session_id(user).unwrap_or(session.id);
        for _attempt in 0..HASH_ATTEMPTS {
            let (credentials, attempt) = match self.verify(user, password, &context.client).await? {
                Verification::Right(credentials, attempt) => (credentials, attempt),
                Verification::Wrong(_, attempt) => {
                    let until = self.refuse(user, &attempt, &context.client).await?;
                    return Ok(until.map_or(StepUp::WrongPassword, StepUp::Throttled));
                }
                Verification::Throttled(until) => return Ok(StepUp::Throttled(until)),
                Verification::NoSuchUser => return Ok(StepUp::SessionEnded),
            };
            let hash = &credentials.password_hash;
            let login = NewLogin {
                user_id: user,
                verified_hash: hash,
                password_hash: hash,
                context,
                attempt: &attempt,
                notice: None,
            };
            if let Some(outcome) = self.store.step_up(login, session.clone()).await? {
                log_outcome(&outcome, user, context);
                return Ok(outcome);
            }
        }
        Ok(StepUp::WrongPassword)
    }

    /// Repeats a step-up in the session that it has replaced: the answer was lost, or the second click came late.
    /// Returns the new session if the same form has opened it and the password is right; a wrong one counts as a
    /// failed log-in.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full.
    pub async fn repeat_step_up(
        &self,
        replaced: &SessionId,
        password: &Password,
        context: &LoginContext,
    ) -> Result<Option<SessionRecord>, AccountsError> {
        let Some((first, session)) = self.successor(replaced).await? else { return Ok(None) };
        let user = session.state.user_id().and_then(|id| id.parse::<UserId>().ok());
        let Some(user) = user.filter(|user| context.session_id(*user) == Some(first)) else {
            return Ok(None);
        };
        match self.verify(user, password, &context.client).await? {
            Verification::Right(..) => {
                log_outcome(&StepUp::Repeated(session.clone()), user, context);
                Ok(Some(session))
            }
            Verification::Wrong(_, attempt) => {
                self.refuse(user, &attempt, &context.client).await?;
                Ok(None)
            }
            Verification::Throttled(_) | Verification::NoSuchUser => Ok(None),
        }
    }
}

fn log_outcome(outcome: &StepUp, user: UserId, context: &LoginContext) {
    let address = &context.client.address;
    match outcome {
        StepUp::Done(session) => audit::stepped_up(user, session.id, address),
        StepUp::Repeated(session) => {
            log::debug!("step-up repeated: session {}, from {address:?}", session.id);
        }
        StepUp::Throttled(until) => audit::password_throttled(user, address, until),
        StepUp::WrongPassword | StepUp::SessionEnded => {}
    }
}

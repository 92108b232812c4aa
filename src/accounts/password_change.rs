//! Changing one's own password, also by a form that is sent twice.

use waxseal_session::{RevocationStatus, SessionId, SessionRecord, SessionStore, State};

use super::{
    error::AccountsError, login::HASH_ATTEMPTS, reauthentication::Verification, service::Accounts,
};
use crate::{
    audit,
    db::{Attempt, Credentials, LoginContext, NewLogin, REPEAT_TIME, changed_session_id},
    domain::{MailContent, Password, PasswordChange, UserId},
};

impl Accounts {
    /// Changes the password of a signed-in user. Ends all of their sessions and opens a new one with
    /// this state. The same change sent twice at once is done once, and both get the new session.
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
        for _attempt in 0..HASH_ATTEMPTS {
            let (credentials, attempt) = match self.verify(user, current, &context.client).await? {
                Verification::Right(credentials, attempt) => (credentials, attempt),
                Verification::Wrong(credentials, attempt) => {
                    return self.repeat_or_refuse(&credentials, &attempt, new, context).await;
                }
                Verification::Throttled(until) => return Ok(PasswordChange::Throttled(until)),
                Verification::NoSuchUser => return Ok(PasswordChange::SessionEnded),
            };
            let changed =
                self.change_verified(&credentials, &attempt, new, context, &state).await?;
            if let Some(outcome) = changed {
                return Ok(outcome);
            }
        }
        Ok(PasswordChange::WrongPassword)
    }

    /// Changes a password after the current one was verified; `None` if it has changed meanwhile.
    async fn change_verified(
        &self,
        credentials: &Credentials,
        attempt: &Attempt,
        new: &Password,
        context: &LoginContext,
        state: &State,
    ) -> Result<Option<PasswordChange>, AccountsError> {
        let (user, address) = (credentials.user.id, &context.client.address);
        if let Err(rejected) = self.validate(new, &credentials.user.email).await? {
            return Ok(Some(PasswordChange::Rejected(rejected)));
        }
        let act = self.act_of(&context.client);
        let content = MailContent::PasswordChanged { by_link: false, act };
        let notice = self.notice(&credentials.user, content);
        let change = NewLogin {
            user_id: user,
            verified_hash: &credentials.password_hash,
            password_hash: &self.hashing.hash(new).await?,
            context,
            attempt,
            notice: notice.as_ref(),
        };
        let mut session = SessionRecord::new(&self.expiry_policy, self.clock.now(), state.clone());
        if let Some(id) = changed_session_id(user, change.password_hash) {
            session.id = id;
        }
        let outcome = self.store.change_password(change, session).await?;
        match &outcome {
            Some(PasswordChange::Done(session)) => {
                audit::password_changed(user, session.id, address)
            }
            Some(PasswordChange::Throttled(until)) => {
                audit::password_throttled(user, address, until);
            }
            Some(PasswordChange::SessionEnded) => {
                let session = self.already_changed(credentials, new, context).await?;
                return Ok(session.map_or(outcome, |session| Some(repeated(session, context))));
            }
            _ => {}
        }
        Ok(outcome)
    }

    /// The current password is wrong: perhaps because the same form has changed it already. Otherwise counts
    /// a failure.
    async fn repeat_or_refuse(
        &self,
        credentials: &Credentials,
        attempt: &Attempt,
        new: &Password,
        context: &LoginContext,
    ) -> Result<PasswordChange, AccountsError> {
        if let Some(session) = self.already_changed(credentials, new, context).await? {
            return Ok(repeated(session, context));
        }
        let until = self.refuse(credentials.user.id, attempt, &context.client).await?;
        Ok(until.map_or(PasswordChange::WrongPassword, PasswordChange::Throttled))
    }

    /// Repeats a change of password in a session that the change itself has ended: the answer was lost, or
    /// the second click came late. Returns the session that took its place if the new password is right;
    /// a wrong one counts as a failed log-in. The old cookie alone gets no one in.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full.
    pub async fn repeat_password_change(
        &self,
        ended: &SessionId,
        new: &Password,
        context: &LoginContext,
    ) -> Result<Option<SessionRecord>, AccountsError> {
        let Some((first, session)) = self.successor(ended).await? else { return Ok(None) };
        let user = session.state.user_id().and_then(|id| id.parse::<UserId>().ok());
        let Some(user) = user else { return Ok(None) };
        let Some(credentials) = self.store.credentials(user).await? else { return Ok(None) };
        if changed_session_id(user, &credentials.password_hash) != Some(first) {
            return Ok(None);
        }
        match self.verify(user, new, &context.client).await? {
            Verification::Right(..) => {
                log_repeated(&session, context);
                Ok(Some(session))
            }
            Verification::Wrong(_, attempt) => {
                self.refuse(user, &attempt, &context.client).await?;
                Ok(None)
            }
            Verification::Throttled(_) | Verification::NoSuchUser => Ok(None),
        }
    }

    /// The user's new session, if the same form has changed the password a moment ago, to the one that is set:
    /// it has ended the session that asks now, or the browser had its cookie when it sent the form again.
    async fn already_changed(
        &self,
        credentials: &Credentials,
        new: &Password,
        context: &LoginContext,
    ) -> Result<Option<SessionRecord>, AccountsError> {
        let Some(asking) = &context.replaces else { return Ok(None) };
        let opened = changed_session_id(credentials.user.id, &credentials.password_hash);
        let session = if opened == Some(*asking) {
            let session = self.store.sessions().load(asking).await?;
            session.filter(|session| self.clock.now().since(session.auth_time) < REPEAT_TIME)
        } else {
            let successor = self.successor(asking).await?;
            successor.filter(|(first, _)| opened == Some(*first)).map(|(_, session)| session)
        };
        let Some(session) = session else { return Ok(None) };
        let verified = self.hashing.verify(new, Some(&credentials.password_hash)).await?;
        Ok(verified.map(|_| session))
    }

    /// The session that took the place of this one within the last minute, on any node, and the live one that
    /// has taken its place since, often the same.
    pub(super) async fn successor(
        &self,
        ended: &SessionId,
    ) -> Result<Option<(SessionId, SessionRecord)>, AccountsError> {
        let (sessions, mut id, mut first) = (self.store.sessions(), *ended, None);
        sessions.catch_up(&id).await?;
        while let RevocationStatus::Replaced { by } = sessions.revocation_status(&id) {
            sessions.catch_up(&by).await?;
            first.get_or_insert(by);
            id = by;
        }
        let Some(first) = first else { return Ok(None) };
        Ok(sessions.load(&id).await?.map(|session| (first, session)))
    }
}

/// The first one is in the audit log; nothing was changed again.
fn repeated(session: SessionRecord, context: &LoginContext) -> PasswordChange {
    log_repeated(&session, context);
    PasswordChange::Repeated(session)
}

fn log_repeated(session: &SessionRecord, context: &LoginContext) {
    let address = &context.client.address;
    log::debug!("password change repeated: session {}, from {address:?}", session.id);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::testing::{EMAIL, Fixture, PASSWORD, context, email, password},
        domain::LogIn,
    };

    const NEW: &str = "granite lantern seven otters";
    const OTHER: &str = "copper windmill thirty ferns";

    async fn log_in(fixture: &Fixture, replaces: Option<SessionId>) -> SessionRecord {
        let (address, password) = (email(EMAIL), password(PASSWORD));
        let context = LoginContext { replaces, ..context() };
        let log_in = fixture.accounts.log_in(&address, &password, &context);
        let LogIn::Granted(session) = fixture.finish(log_in).await.0.unwrap() else { panic!() };
        session
    }

    /// Sends the form of a change, in this session.
    async fn change(fixture: &Fixture, session: &SessionRecord, new: &str) -> PasswordChange {
        let context = LoginContext { replaces: Some(session.id), ..context() };
        let (current, new) = (password(PASSWORD), password(new));
        let state = session.state.clone();
        let change =
            fixture.accounts.change_password(fixture.ann, (&current, &new), &context, state);
        fixture.finish(change).await.0.unwrap()
    }

    #[actix_web::test]
    async fn a_change_sent_again_in_the_session_that_it_has_ended_must_be_the_same() {
        let fixture = Fixture::new().await;
        let session = log_in(&fixture, None).await;
        let PasswordChange::Done(renewed) = change(&fixture, &session, NEW).await else { panic!() };
        let other = change(&fixture, &session, OTHER).await;
        assert!(matches!(other, PasswordChange::WrongPassword), "{other:?}");
        let again = change(&fixture, &session, NEW).await;
        assert!(
            matches!(&again, PasswordChange::Repeated(same) if same.id == renewed.id),
            "{again:?}"
        );
        // The browser has taken the cookie of the first answer before it sent the form again.
        let again = change(&fixture, &renewed, NEW).await;
        assert!(
            matches!(&again, PasswordChange::Repeated(same) if same.id == renewed.id),
            "{again:?}"
        );
        fixture.accounts.clock.advance(REPEAT_TIME);
        let later = change(&fixture, &renewed, NEW).await;
        assert!(matches!(later, PasswordChange::WrongPassword), "{later:?}");
    }

    /// The session that it was sent in was still live when the request arrived.
    #[actix_web::test]
    async fn a_session_that_a_log_in_has_replaced_repeats_no_change() {
        let fixture = Fixture::new().await;
        let session = log_in(&fixture, None).await;
        log_in(&fixture, Some(session.id)).await;
        let context = LoginContext { replaces: Some(session.id), ..context() };
        let (wrong, present) = (password(OTHER), password(PASSWORD));
        let passwords = (&wrong, &present);
        let change =
            fixture.accounts.change_password(fixture.ann, passwords, &context, session.state);
        let outcome = fixture.finish(change).await.0.unwrap();
        assert!(matches!(outcome, PasswordChange::WrongPassword), "{outcome:?}");
    }
}

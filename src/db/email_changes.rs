//! Changes of an email address with a link from a mail, and their undoing.

use std::time::Duration;

use sqlx::Row;
use waxseal_session::{SessionRecord, Timestamp};
use waxseal_session_sqlx::{DatabaseError, SessionTransaction, SqlQuery, retry_lock_conflict};

use super::{
    account_store::AccountStore, login_context::LoginContext, login_failures::forget_failures,
    outbox, waiting_mails,
};
use crate::domain::{
    ChangeEmailLink, Email, EmailChange, EmailUndo, Link, Mail, MailContent, MailedAct,
    PasswordHash, UndoEmailLink, UserId,
};

/// How long a change of address can be undone.
const UNDO_TIME: Duration = UndoEmailLink::VALIDITY;

/// A change of address that a link asks for.
pub struct NewEmail<'a> {
    /// The link.
    pub link: &'a ChangeEmailLink,
    /// The hash that the link was compared with: nothing changes if it is no longer the stored one.
    pub verified_hash: &'a PasswordHash,
    /// The client, and the session to renew.
    pub context: &'a LoginContext,
    /// What the addresses before are told; `None` if no mail is sent.
    pub act: Option<MailedAct>,
}

/// A change of address to undo.
pub struct UndoneEmail<'a> {
    /// The link.
    pub link: &'a UndoEmailLink,
    /// A hash of a password that no one knows.
    pub password_hash: &'a PasswordHash,
    /// The account whose failed log-ins are forgotten, by [`Attempt::account`](super::Attempt).
    pub failures_of: String,
    /// What an address before that one is told; `None` if no mail is sent.
    pub act: Option<MailedAct>,
}

impl AccountStore {
    /// Changes an address, ends all of the user's sessions and opens `session`. The addresses that it can go back
    /// to are told.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn change_email(
        &self,
        change: NewEmail<'_>,
        session: SessionRecord,
    ) -> Result<EmailChange, DatabaseError> {
        let outcome = retry_lock_conflict(|| self.try_change_email(&change, &session)).await;
        self.mail_queued.notify_one();
        match outcome {
            Err(error) if is_taken(&error) => Ok(EmailChange::EmailTaken),
            outcome => outcome,
        }
    }

    async fn try_change_email(
        &self,
        NewEmail { link, verified_hash, context, act }: &NewEmail<'_>,
        session: &SessionRecord,
    ) -> Result<EmailChange, DatabaseError> {
        let (mut transaction, now) = (self.sessions.begin().await?, self.clock.now());
        let id = link.user.to_string();
        // The first of several changes is the one whose address the owner had.
        let update = sqlx::query(
            "UPDATE users SET email = $1, email_version = email_version + 1, email_confirmed_at = $2,
                previous_email = CASE WHEN undo_until > $2 AND previous_email <> email
                    THEN previous_email ELSE email END,
                undo_until = CASE WHEN undo_until > $2 AND previous_email <> email
                    THEN undo_until ELSE $3 END
             WHERE id = $4 AND email = $5 AND email_version = $6 AND password_hash = $7
                AND disabled_at IS NULL
             RETURNING previous_email",
        )
        .bind(link.new.as_str())
        .bind(now.as_unix())
        .bind((now + UNDO_TIME).as_unix())
        .bind(&id)
        .bind(link.old.as_str())
        .bind(link.version)
        .bind(verified_hash.as_phc());
        let Some(previous) = previous_email(&mut transaction, update).await? else {
            return Ok(EmailChange::LinkUsed);
        };
        if is_kept(&mut transaction, &link.new, link.user, now).await? {
            return Ok(EmailChange::EmailTaken);
        }
        let Some(old) = &context.replaces else { return Ok(EmailChange::SessionEnded) };
        let revoked = transaction.replace_all(&id, old, &session.id).await?;
        if !revoked.iter().any(|session| session.id == *old) {
            return Ok(EmailChange::SessionEnded);
        }
        transaction.create(session, Some(&id), Some(&context.client)).await?;
        waiting_mails::forget_email_changes(&mut transaction, &id).await?;
        if let Some(act) = act {
            let told = Told { user: link.user, new: &link.new, version: link.version + 1, act };
            told.queue(&mut transaction, &link.old, now).await?;
            let others = previous.filter(|email| *email != link.old && *email != link.new);
            if let Some(previous) = others {
                told.queue(&mut transaction, &previous, now).await?;
            }
        }
        transaction.commit().await?;
        Ok(EmailChange::Done(session.clone()))
    }

    /// Undoes a change of address: ends all of the user's sessions, replaces the password by one that no one knows,
    /// and queues a link to choose another.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn undo_email_change(
        &self,
        undone: UndoneEmail<'_>,
    ) -> Result<EmailUndo, DatabaseError> {
        let outcome = retry_lock_conflict(|| self.try_undo_email_change(&undone)).await;
        self.mail_queued.notify_one();
        match outcome {
            Err(error) if is_taken(&error) => Ok(EmailUndo::EmailTaken),
            outcome => outcome,
        }
    }

    async fn try_undo_email_change(
        &self,
        UndoneEmail { link, password_hash, failures_of, act }: &UndoneEmail<'_>,
    ) -> Result<EmailUndo, DatabaseError> {
        let (mut transaction, now) = (self.sessions.begin().await?, self.clock.now());
        let id = link.user.to_string();
        // The address may be one of a thief, between two changes: then the one before it keeps its right.
        let update = sqlx::query(
            "UPDATE users SET email = $1, email_version = email_version + 1, email_confirmed_at = $2,
                password_hash = $3,
                previous_email = CASE WHEN undo_until > $2 AND previous_email <> $1
                    THEN previous_email END,
                undo_until = CASE WHEN undo_until > $2 AND previous_email <> $1 THEN undo_until END
             WHERE id = $4 AND email = $5 AND email_version = $6
             RETURNING previous_email",
        )
        .bind(link.old.as_str())
        .bind(now.as_unix())
        .bind(password_hash.as_phc())
        .bind(&id)
        .bind(link.new.as_str())
        .bind(link.version);
        let Some(previous) = previous_email(&mut transaction, update).await? else {
            return Ok(EmailUndo::LinkUsed);
        };
        transaction.revoke_all(&id, None).await?;
        forget_failures(&mut transaction, failures_of).await?;
        waiting_mails::forget_email_changes(&mut transaction, &id).await?;
        let reset = Mail { to: link.old.clone(), user_id: None, content: MailContent::Reset };
        // Not counted, so that repeated requests for resets can't suppress this one.
        outbox::queue_uncounted(&mut transaction, &reset, now).await?;
        if let (Some(previous), Some(act)) = (previous, act) {
            let told = Told { user: link.user, new: &link.old, version: link.version + 1, act };
            told.queue(&mut transaction, &previous, now).await?;
        }
        transaction.commit().await?;
        Ok(EmailUndo::Done)
    }
}

/// What the owners of the addresses before are told of a change, with a link to undo it.
struct Told<'a> {
    user: UserId,
    new: &'a Email,
    version: i64,
    act: &'a MailedAct,
}

impl Told<'_> {
    async fn queue(
        &self,
        transaction: &mut SessionTransaction,
        to: &Email,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let (new, act) = (self.new.clone(), self.act.clone());
        let content = MailContent::EmailChanged { new, version: self.version, act };
        let mail = Mail { to: to.clone(), user_id: Some(self.user), content };
        outbox::queue(transaction, &mail, now).await.map(drop)
    }
}

/// Whether an address is kept for another user, who can undo its change: a thief could take it with a new
/// account otherwise, and the undoing would fail. Ask after the address was written: then a change of it at the
/// same time has been committed, or waits.
pub(super) async fn is_kept(
    transaction: &mut SessionTransaction,
    email: &Email,
    user_id: UserId,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    // By the index on `undo_until`: few users have one.
    let query = sqlx::query(
        "SELECT id FROM users WHERE undo_until > $1 AND previous_email = $2 AND id <> $3 LIMIT 1",
    )
    .bind(now.as_unix())
    .bind(email.as_str())
    .bind(user_id.to_string());
    Ok(transaction.fetch_optional(query).await?.is_some())
}

/// Runs an update of one user. Returns the address that theirs can go back to since; the outer `None` if there was
/// nothing to update.
async fn previous_email(
    transaction: &mut SessionTransaction,
    update: SqlQuery<'_>,
) -> Result<Option<Option<Email>>, DatabaseError> {
    let Some(row) = transaction.fetch_optional(update).await? else { return Ok(None) };
    let previous: Option<String> = row.try_get("previous_email")?;
    Ok(Some(previous.map(Email::from_stored)))
}

/// Whether another user has the address: it is the only unique column that these updates change.
pub(super) fn is_taken(error: &DatabaseError) -> bool {
    let DatabaseError::Database(sqlx::Error::Database(error)) = error else { return false };
    error.is_unique_violation()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::testing::{Fixture, session};

    /// The caller has compared them before, but they may have changed since.
    #[actix_web::test]
    async fn nothing_changes_if_what_the_link_names_is_no_longer_so() {
        let Fixture { store, ann, session: first, .. } = &Fixture::new().await;
        let (hash, another) = (PasswordHash::from_phc("hash"), PasswordHash::from_phc("another"));
        let link = |version, old: &str, new: &str| ChangeEmailLink {
            user: *ann,
            old: old.parse().unwrap(),
            new: new.parse().unwrap(),
            version,
            password: hash.digest(),
        };
        let change = async |link: ChangeEmailLink, verified_hash, replaces| {
            let context = &LoginContext { replaces: Some(replaces), ..LoginContext::default() };
            let change = NewEmail { link: &link, verified_hash, context, act: None };
            store.change_email(change, session()).await.unwrap()
        };
        let (com, org) = ("ann@example.com", "ann@example.org");
        for (link, hash) in
            [(link(1, com, org), &hash), (link(0, org, com), &hash), (link(0, com, org), &another)]
        {
            assert!(matches!(change(link, hash, *first).await, EmailChange::LinkUsed));
        }
        let changed = change(link(0, com, org), &hash, *first).await;
        let EmailChange::Done(session) = changed else { panic!("{changed:?}") };
        store.disable_user(*ann).await.unwrap();
        let disabled = change(link(1, org, com), &hash, session.id).await;
        assert!(matches!(disabled, EmailChange::LinkUsed), "{disabled:?}");

        let undo = async |version| {
            let (old, new) = (com.parse().unwrap(), org.parse().unwrap());
            let undone = UndoneEmail {
                link: &UndoEmailLink { user: *ann, old, new, version },
                password_hash: &another,
                failures_of: String::new(),
                act: None,
            };
            store.undo_email_change(undone).await.unwrap()
        };
        assert_eq!(undo(0).await, EmailUndo::LinkUsed);
        assert_eq!(undo(1).await, EmailUndo::Done);
    }
}

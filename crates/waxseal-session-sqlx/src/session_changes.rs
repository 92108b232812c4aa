//! The statements that create and revoke sessions, in a transaction of ours or of the app's.

use sqlx::{AssertSqlSafe, Row, any::AnyRow, query::Query};
use waxseal_session::{
    Clock, Revocation, RevocationFeed, SessionId, SessionRecord, State, Timestamp, telemetry,
};

use crate::{
    client::Client,
    database::{DatabaseConnection, DatabaseError, SqlQuery},
    revocation::{REVOCATION_COLUMNS, announce, next_in_order, read_revocation},
    user_lock::user_lock,
};

/// Revoked sessions of a user that are announced again at most: those revoked last. A client without cookies
/// can leave tens of thousands.
const ANNOUNCED_AGAIN: i64 = 1000;

/// A session that a transaction has revoked. It was not revoked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedSession {
    /// Its id.
    pub id: SessionId,
    /// Whether it was live: its record had not expired.
    pub was_live: bool,
}

/// What a transaction has changed.
#[derive(Debug, Default)]
pub(crate) struct SessionChanges {
    created: usize,
    /// Sessions that were not revoked before.
    revoked: usize,
    revocations: Vec<Revocation>,
}

impl SessionChanges {
    /// After the commit: counts the changes, and adds the revocations to this node's list.
    pub(crate) fn committed(self, feed: &RevocationFeed) {
        self.revocations.into_iter().for_each(|revocation| feed.insert(revocation));
        telemetry::sessions_revoked(self.revoked);
        (0..self.created).for_each(|_| telemetry::session_created());
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.created += other.created;
        self.revoked += other.revoked;
        self.revocations.extend(other.revocations);
    }
}

/// Changes sessions in a transaction.
///
/// PostgreSQL locks the rows that are changed. So that no two transactions wait for each other, all take
/// their locks in one order: first the user's lock, then the rows by the bytes of their ids.
pub(crate) struct SessionWriter<'a> {
    pub(crate) connection: DatabaseConnection<'a>,
    pub(crate) clock: &'a Clock,
    pub(crate) changes: &'a mut SessionChanges,
}

impl SessionWriter<'_> {
    /// Inserts a session; `user_id` is `None` if no user is logged in.
    pub(crate) async fn create(
        &mut self,
        session: &SessionRecord,
        user_id: Option<&str>,
        client: Option<&Client>,
    ) -> Result<(), DatabaseError> {
        if let Some(user_id) = user_id {
            self.lock_user(user_id).await?;
        }
        let query = sqlx::query(
            "INSERT INTO waxseal_sessions
                (id, user_id, state, auth_time, last_seen, expires_at, latest_expiry, address, user_agent)
             VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
        )
        .bind(session.id.to_string())
        .bind(user_id)
        .bind(session.state.to_json())
        .bind(session.auth_time.as_unix())
        .bind(session.expires_at.as_unix())
        .bind(session.latest_expiry.as_unix())
        .bind(client.map(|client| client.address.as_str()))
        .bind(client.map(|client| client.user_agent.as_str()));
        self.connection.execute(query).await?;
        self.changes.created += 1;
        Ok(())
    }

    /// Revokes a session, which `by` replaces; with `owner`, only if it is that user's. `None` if it does
    /// not exist or has already been revoked, which is announced again.
    pub(crate) async fn revoke(
        &mut self,
        id: &SessionId,
        owner: Option<&str>,
        by: Option<&SessionId>,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        let (id, by) = (id.to_string(), by.map(ToString::to_string));
        let of_owner = |number| owner.map_or(String::new(), |_| format!("AND user_id = ${number}"));
        let sql = format!(
            "UPDATE waxseal_sessions SET revoked_at = $1, revoked_seq = {}, replaced_by = $2
             WHERE id = $3 {} AND revoked_at IS NULL RETURNING {REVOCATION_COLUMNS}, expires_at",
            self.next_in_order(),
            of_owner(4)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(self.now()).bind(by).bind(&id);
        query = owner.into_iter().fold(query, Query::bind);
        let revoked = self.note_revoked(query).await?;
        if revoked.is_empty() {
            let sql = format!(
                "UPDATE waxseal_sessions SET revoked_seq = {}
                 WHERE id = $1 {} AND revoked_at IS NOT NULL RETURNING {REVOCATION_COLUMNS}",
                self.next_in_order(),
                of_owner(2)
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(&id);
            self.note_revocations(owner.into_iter().fold(query, Query::bind)).await?;
        }
        Ok(revoked.first().copied())
    }

    /// Revokes the session of a cookie until its latest expiry or the record's, whichever is later. If it
    /// was revoked before, announces it again. If its row is missing, as in a database restored from a
    /// backup, inserts one: the revocation must be stored even then.
    pub(crate) async fn revoke_record(
        &mut self,
        session: &SessionRecord,
    ) -> Result<(), DatabaseError> {
        let next = self.next_in_order();
        let sql = format!(
            "UPDATE waxseal_sessions SET revoked_at = $1, revoked_seq = {next},
                latest_expiry = CASE WHEN latest_expiry < $2 THEN $2 ELSE latest_expiry END
             WHERE id = $3 AND revoked_at IS NULL RETURNING {REVOCATION_COLUMNS}"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(self.now())
            .bind(session.latest_expiry.as_unix())
            .bind(session.id.to_string());
        if !self.note_revocations(query).await?.is_empty() {
            self.changes.revoked += 1;
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO waxseal_sessions
                (id, state, auth_time, last_seen, expires_at, latest_expiry, revoked_at, revoked_seq)
             VALUES ($1, '{{}}', $2, $2, $3, $4, $5, {next})
             ON CONFLICT (id) DO UPDATE SET
                revoked_at = COALESCE(waxseal_sessions.revoked_at, excluded.revoked_at),
                revoked_seq = excluded.revoked_seq,
                latest_expiry = CASE WHEN waxseal_sessions.latest_expiry < excluded.latest_expiry
                    THEN excluded.latest_expiry ELSE waxseal_sessions.latest_expiry END
             RETURNING {REVOCATION_COLUMNS}"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(session.id.to_string())
            .bind(session.auth_time.as_unix())
            .bind(session.expires_at.as_unix())
            .bind(session.latest_expiry.as_unix())
            .bind(self.now());
        self.note_revocations(query).await.map(drop)
    }

    /// Revokes all sessions of a user except `except`, and announces those that were revoked before again.
    /// This includes expired sessions: a cookie of them could be valid if the clock is set back, or in a
    /// database restored from a backup. Of `replaced` the first is replaced by the second.
    pub(crate) async fn revoke_all(
        &mut self,
        user_id: &str,
        except: Option<&SessionId>,
        replaced: Option<(&SessionId, &SessionId)>,
    ) -> Result<Vec<RevokedSession>, DatabaseError> {
        self.lock_user(user_id).await?;
        self.lock_sessions(user_id).await?;
        self.announce_again(user_id).await?;
        let sql = format!(
            "UPDATE waxseal_sessions SET revoked_at = $1, revoked_seq = {},
                replaced_by = CASE WHEN id = $2 THEN $3 END
             WHERE user_id = $4 AND id <> $5 AND revoked_at IS NULL
             RETURNING {REVOCATION_COLUMNS}, expires_at",
            self.next_in_order()
        );
        // An empty text is the id of no session.
        let id = |id: Option<&SessionId>| id.map(ToString::to_string).unwrap_or_default();
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(self.now())
            .bind(id(replaced.map(|(old, _)| old)))
            .bind(id(replaced.map(|(_, by)| by)))
            .bind(user_id)
            .bind(id(except));
        self.note_revoked(query).await
    }

    /// Announces the sessions of a user that were revoked before.
    async fn announce_again(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        let sql = format!(
            "UPDATE waxseal_sessions SET revoked_seq = {} WHERE id IN
                (SELECT id FROM waxseal_sessions
                 WHERE user_id = $1 AND revoked_at IS NOT NULL AND latest_expiry > $2
                 ORDER BY revoked_seq DESC LIMIT $3)
             RETURNING {REVOCATION_COLUMNS}",
            self.next_in_order()
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(user_id)
            .bind(self.clock.earliest().as_unix())
            .bind(ANNOUNCED_AGAIN);
        self.note_revocations(query).await.map(drop)
    }

    /// Applies changes to the state of a live session and moves its expiry, never back. Returns the state;
    /// `None` if the session is over or unknown.
    pub(crate) async fn save(
        &mut self,
        session: &SessionRecord,
        apply: impl FnOnce(&State) -> State,
        new_user: Option<&str>,
    ) -> Result<Option<State>, DatabaseError> {
        if let Some(user_id) = new_user {
            self.lock_user(user_id).await?;
        }
        let lock = if self.connection.is_postgres { "FOR UPDATE" } else { "" };
        let sql = format!(
            "SELECT state FROM waxseal_sessions
             WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 {lock}"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(session.id.to_string()).bind(self.now());
        let Some(row) = self.connection.fetch_optional(query).await? else { return Ok(None) };
        let state = apply(&crate::session_info::read_state(&row)?);
        let update = sqlx::query(
            "UPDATE waxseal_sessions SET state = $1, user_id = $2,
                expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END,
                latest_expiry = CASE WHEN latest_expiry < $4 THEN $4 ELSE latest_expiry END
             WHERE id = $5",
        )
        .bind(state.to_json())
        .bind(state.user_id())
        .bind(session.expires_at.as_unix())
        .bind(session.latest_expiry.as_unix())
        .bind(session.id.to_string());
        self.connection.execute(update).await?;
        Ok(Some(state))
    }

    /// Erases the addresses and user agents of a user's sessions.
    pub(crate) async fn erase_personal_data(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        self.lock_sessions(user_id).await?;
        let query = sqlx::query(
            "UPDATE waxseal_sessions SET address = NULL, user_agent = NULL WHERE user_id = $1",
        )
        .bind(user_id);
        self.connection.execute(query).await.map(drop)
    }

    /// Keeps other transactions from creating or revoking this user's sessions until this one ends.
    /// SQLite needs no lock: it has one writer at a time.
    pub(crate) async fn lock_user(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        if !self.connection.is_postgres {
            return Ok(());
        }
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(user_lock(user_id));
        self.connection.execute(lock).await.map(drop)
    }

    /// Locks the rows of a user's sessions in the order in which last-seen times are written, so that the
    /// two don't deadlock.
    async fn lock_sessions(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        if !self.connection.is_postgres {
            return Ok(());
        }
        let lock = sqlx::query(
            r#"SELECT id FROM waxseal_sessions WHERE user_id = $1
               ORDER BY id COLLATE "C" FOR UPDATE"#,
        )
        .bind(user_id);
        self.connection.execute(lock).await.map(drop)
    }

    /// Notifies the other nodes, with the commit.
    pub(crate) async fn announce(&mut self) -> Result<(), DatabaseError> {
        announce(&mut self.connection, &self.changes.revocations).await
    }

    /// Runs a statement that revokes sessions, which were not revoked before, and returns their
    /// `expires_at`, too.
    async fn note_revoked(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Vec<RevokedSession>, DatabaseError> {
        let rows = self.note_revocations(query).await?;
        self.changes.revoked += rows.len();
        let read = |row: &AnyRow| {
            let expires_at: i64 = row.try_get("expires_at")?;
            Ok(RevokedSession { id: read_revocation(row)?.id, was_live: self.now() < expires_at })
        };
        rows.iter().map(read).collect()
    }

    /// Runs a statement that returns revoked sessions, to be announced.
    async fn note_revocations(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Vec<AnyRow>, DatabaseError> {
        let rows = self.connection.fetch_all(query).await?;
        let revocations = rows.iter().map(read_revocation).collect::<Result<Vec<_>, _>>()?;
        self.changes.revocations.extend(revocations);
        Ok(rows)
    }

    const fn next_in_order(&self) -> &'static str {
        next_in_order(self.connection.is_postgres)
    }

    fn now(&self) -> i64 {
        let now: Timestamp = self.clock.now();
        now.as_unix()
    }
}

//! Adding users.

use waxseal_session_sqlx::{DatabaseError, SessionTransaction, retry_lock_conflict};

use super::{account_store::AccountStore, email_changes::is_kept};
use crate::domain::{Email, NewAccount, PasswordHash, Role, UserId};

/// A user to add.
pub struct NewUser<'a> {
    /// The user's id.
    pub id: UserId,
    /// The email address.
    pub email: &'a Email,
    /// The password's hash.
    pub password_hash: &'a PasswordHash,
    /// The role.
    pub role: Role,
}

impl AccountStore {
    /// Adds a user, for whose address an operator vouches: it is confirmed.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn add_user(&self, user: NewUser<'_>) -> Result<NewAccount, DatabaseError> {
        let add = || async {
            let mut transaction = self.sessions.begin().await?;
            if !self.insert_user(&mut transaction, &user).await? {
                return Ok(NewAccount::EmailTaken);
            }
            confirm(&mut transaction, &user.id.to_string(), self.clock.now().as_unix()).await?;
            transaction.commit().await?;
            Ok(NewAccount::Done(user.id))
        };
        retry_lock_conflict(add).await
    }

    /// Whether there is any user.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn has_users(&self) -> Result<bool, DatabaseError> {
        let query = sqlx::query("SELECT id FROM users LIMIT 1");
        Ok(self.database.fetch_optional(query).await?.is_some())
    }

    /// Adds a user with a confirmed address if there is no user. Of several nodes that do it at once, one adds the
    /// user: the others wait for it, because the address is unique. Returns whether this one did.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn add_first_user(&self, user: NewUser<'_>) -> Result<bool, DatabaseError> {
        let add = || async {
            let mut transaction = self.database.write().await?;
            let insert = sqlx::query(
                "INSERT INTO users (id, email, password_hash, role, created_at, email_confirmed_at)
                 SELECT $1, $2, $3, $4, $5, $5 WHERE NOT EXISTS (SELECT id FROM users)
                 ON CONFLICT (email) DO NOTHING",
            )
            .bind(user.id.to_string())
            .bind(user.email.as_str())
            .bind(user.password_hash.as_phc())
            .bind(user.role.as_str())
            .bind(self.clock.now().as_unix());
            let added = transaction.execute(insert).await?;
            transaction.commit().await?;
            Ok(added == 1)
        };
        retry_lock_conflict(add).await
    }

    /// Inserts a user's row; `false`, with nothing changed, if the email address is taken, or kept for someone else.
    pub(super) async fn insert_user(
        &self,
        transaction: &mut SessionTransaction,
        user: &NewUser<'_>,
    ) -> Result<bool, DatabaseError> {
        let insert = sqlx::query(
            "INSERT INTO users (id, email, password_hash, role, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING",
        )
        .bind(user.id.to_string())
        .bind(user.email.as_str())
        .bind(user.password_hash.as_phc())
        .bind(user.role.as_str())
        .bind(self.clock.now().as_unix());
        if transaction.execute(insert).await? == 0 {
            return Ok(false);
        }
        if !is_kept(transaction, user.email, user.id, self.clock.now()).await? {
            return Ok(true);
        }
        let delete = sqlx::query("DELETE FROM users WHERE id = $1").bind(user.id.to_string());
        transaction.execute(delete).await?;
        Ok(false)
    }
}

/// Marks a user's address as confirmed, unless it is.
pub(super) async fn confirm(
    transaction: &mut SessionTransaction,
    user_id: &str,
    now: i64,
) -> Result<(), DatabaseError> {
    let update = sqlx::query(
        "UPDATE users SET email_confirmed_at = $1 WHERE id = $2 AND email_confirmed_at IS NULL",
    );
    transaction.execute(update.bind(now).bind(user_id)).await.map(drop)
}

//! The table of users.

use std::{collections::HashMap, str::FromStr};

use sqlx::{AssertSqlSafe, Row, any::AnyRow};
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{DatabaseError, SessionTransaction, SqlQuery};

use super::account_store::AccountStore;
use crate::domain::{Email, PasswordHash, Role, User, UserId};

/// A user with their password hash.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The password's hash.
    pub password_hash: PasswordHash,
}

const COLUMNS: &str =
    "id, users.email AS email, role, created_at, email_confirmed_at, email_version, disabled_at";

/// Ids per query.
const BATCH: usize = 500;

impl AccountStore {
    /// Finds a user by email address.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE email = $1");
        self.user_of(sqlx::query(AssertSqlSafe(sql)).bind(email.as_str())).await
    }

    /// Finds a user by id.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
        self.user_of(sqlx::query(AssertSqlSafe(sql)).bind(id.to_string())).await
    }

    /// Finds a user and their password hash by email address.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn credentials_by_email(
        &self,
        email: &Email,
    ) -> Result<Option<Credentials>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS}, password_hash FROM users WHERE email = $1");
        self.credentials_of(sqlx::query(AssertSqlSafe(sql)).bind(email.as_str())).await
    }

    /// Finds a user and their password hash by id.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn credentials(&self, id: UserId) -> Result<Option<Credentials>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS}, password_hash FROM users WHERE id = $1");
        self.credentials_of(sqlx::query(AssertSqlSafe(sql)).bind(id.to_string())).await
    }

    /// Lists the users whose address contains `search` (spelled as addresses are), sorted by address: `limit` users
    /// after the first `offset`.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn users(
        &self,
        search: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<User>, DatabaseError> {
        let sql = page_query(&format!(
            "WHERE {} ORDER BY email LIMIT $1 OFFSET $2",
            search_condition(search)
        ));
        let query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(limit)).bind(i64::from(offset));
        self.page(query, search).await
    }

    /// Lists the same users from the first address after `after`. Unlike an offset, this costs the same
    /// however far down the list it is.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn users_after(
        &self,
        search: &str,
        after: Option<&Email>,
        limit: u32,
    ) -> Result<Vec<User>, DatabaseError> {
        let Some(after) = after else { return self.users(search, limit, 0).await };
        let sql = page_query(&format!(
            "WHERE {} AND email > $2 ORDER BY email LIMIT $1",
            search_condition(search)
        ));
        let query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(limit)).bind(after.as_str());
        self.page(query, search).await
    }

    /// The email addresses of these users; unknown ids are left out.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn emails_of(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Email>, DatabaseError> {
        let mut emails = HashMap::new();
        for batch in users.chunks(BATCH) {
            let placeholders: Vec<String> =
                (1..=batch.len()).map(|number| format!("${number}")).collect();
            let sql =
                format!("SELECT id, email FROM users WHERE id IN ({})", placeholders.join(", "));
            // Not cached as a prepared statement: the text differs for each number of users.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for id in batch {
                query = query.bind(id.to_string());
            }
            for row in self.database.fetch_all(query).await? {
                emails.insert(parse_column(&row, "id", "user id")?, read_email(&row)?);
            }
        }
        Ok(emails)
    }

    /// Finds a user by id, in a transaction.
    pub(super) async fn user_in(
        transaction: &mut SessionTransaction,
        id: UserId,
    ) -> Result<Option<User>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string());
        transaction.fetch_optional(query).await?.as_ref().map(read).transpose()
    }

    async fn user_of(&self, query: SqlQuery<'_>) -> Result<Option<User>, DatabaseError> {
        self.database.fetch_optional(query).await?.as_ref().map(read).transpose()
    }

    async fn credentials_of(
        &self,
        query: SqlQuery<'_>,
    ) -> Result<Option<Credentials>, DatabaseError> {
        let Some(row) = self.database.fetch_optional(query).await? else { return Ok(None) };
        let password_hash = PasswordHash::from_phc(row.try_get::<String, _>("password_hash")?);
        Ok(Some(Credentials { user: read(&row)?, password_hash }))
    }

    async fn page(
        &self,
        mut query: SqlQuery<'_>,
        search: &str,
    ) -> Result<Vec<User>, DatabaseError> {
        if !search.is_empty() {
            query = query.bind(like_pattern(search));
        }
        self.database.fetch_all(query).await?.iter().map(read).collect()
    }
}

/// Whether this user is the only administrator whose account is not disabled.
///
/// The update changes nothing but locks the rows: of two transactions that would each remove one of the
/// last two administrators, the second waits and sees what the first has done. PostgreSQL may lock them in
/// another order each time; a deadlock is run again.
pub(super) async fn is_last_admin(
    transaction: &mut SessionTransaction,
    user_id: UserId,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query(
        "UPDATE users SET role = role WHERE role = $1 AND disabled_at IS NULL RETURNING id",
    )
    .bind(Role::Admin.as_str());
    let admins = transaction.fetch_all(query).await?;
    let ids = admins.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    Ok(ids == [user_id.to_string()])
}

pub(super) async fn user_exists(
    transaction: &mut SessionTransaction,
    user_id: &str,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("SELECT id FROM users WHERE id = $1").bind(user_id);
    Ok(transaction.fetch_optional(query).await?.is_some())
}

/// The query for a page of users. It selects the page from the index on addresses, so that only the rows
/// on the page are read. CROSS JOIN makes SQLite start with the page.
fn page_query(page: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM (SELECT email FROM users {page}) AS listed CROSS JOIN users
         WHERE users.email = listed.email ORDER BY listed.email"
    )
}

/// The search's condition on addresses; the pattern is `$3`. An empty search compares nothing: that
/// would be half the time of a page far down the list.
fn search_condition(search: &str) -> &'static str {
    if search.is_empty() { "TRUE" } else { r"email LIKE $3 ESCAPE '\'" }
}

/// The `LIKE` pattern for texts that contain this one.
fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn read(row: &AnyRow) -> Result<User, DatabaseError> {
    Ok(User {
        id: parse_column(row, "id", "user id")?,
        email: read_email(row)?,
        role: parse_column(row, "role", "role")?,
        created_at: Timestamp::from_unix(row.try_get("created_at")?),
        email_confirmed_at: read_time(row, "email_confirmed_at")?,
        email_version: row.try_get("email_version")?,
        disabled_at: read_time(row, "disabled_at")?,
    })
}

fn read_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, DatabaseError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_unix))
}

fn read_email(row: &AnyRow) -> Result<Email, DatabaseError> {
    Ok(Email::from_stored(row.try_get("email")?))
}

/// Parses a text column; `what` names it in the error.
pub(super) fn parse_column<T: FromStr>(
    row: &AnyRow,
    column: &str,
    what: &'static str,
) -> Result<T, DatabaseError> {
    row.try_get::<&str, _>(column)?.parse().map_err(|_| DatabaseError::Corrupt(what))
}

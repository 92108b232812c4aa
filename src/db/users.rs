//! The users' rows.

use std::{collections::HashMap, str::FromStr};

use sqlx::{AssertSqlSafe, Row, any::AnyRow};
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{DatabaseError, SqlQuery};

use super::account_store::AccountStore;
use crate::domain::{Email, PasswordHash, User, UserId};

/// What a password is compared with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// TokenSubject they are.
    pub user: User,
    /// The password's hash.
    pub password_hash: PasswordHash,
}

const COLUMNS: &str = "id, users.email AS email, role, created_at";

/// How many ids stand in one query.
const BATCH: usize = 500;

impl AccountStore {
    /// The user with this email address.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE email = $1");
        self.user_of(sqlx::query(AssertSqlSafe(sql)).bind(email.as_str())).await
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
        self.user_of(sqlx::query(AssertSqlSafe(sql)).bind(id.to_string())).await
    }

    /// What the password of this email address is compared with.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn credentials_by_email(
        &self,
        email: &Email,
    ) -> Result<Option<Credentials>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS}, password_hash FROM users WHERE email = $1");
        self.credentials_of(sqlx::query(AssertSqlSafe(sql)).bind(email.as_str())).await
    }

    /// What this user's password is compared with.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn credentials(&self, id: UserId) -> Result<Option<Credentials>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS}, password_hash FROM users WHERE id = $1");
        self.credentials_of(sqlx::query(AssertSqlSafe(sql)).bind(id.to_string())).await
    }

    /// The users whose address contains `search` (in lower case), in the order of their addresses:
    /// `limit` of them after the first `offset`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn users(
        &self,
        search: &str,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<User>, DatabaseError> {
        let sql = listed(&format!("WHERE {} ORDER BY email LIMIT $1 OFFSET $2", contains(search)));
        let query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(limit)).bind(i64::from(offset));
        self.page(query, search).await
    }

    /// The same list from the first address after `after` on: however far that is, it costs no more
    /// than the beginning.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn users_after(
        &self,
        search: &str,
        after: Option<&Email>,
        limit: u32,
    ) -> Result<Vec<User>, DatabaseError> {
        let Some(after) = after else { return self.users(search, limit, 0).await };
        let sql =
            listed(&format!("WHERE {} AND email > $2 ORDER BY email LIMIT $1", contains(search)));
        let query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(limit)).bind(after.as_str());
        self.page(query, search).await
    }

    /// The addresses of those of these users who are there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn emails_of(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Email>, DatabaseError> {
        let mut emails = HashMap::new();
        for batch in users.chunks(BATCH) {
            let places: Vec<String> =
                (1..=batch.len()).map(|number| format!("${number}")).collect();
            let sql = format!("SELECT id, email FROM users WHERE id IN ({})", places.join(", "));
            // Not prepared for later: there is one such query for each number of users.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for id in batch {
                query = query.bind(id.to_string());
            }
            for row in self.database.fetch_all(query).await? {
                emails
                    .insert(parse(&row, "id", "user id")?, parse(&row, "email", "email address")?);
            }
        }
        Ok(emails)
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
            query = query.bind(pattern(search));
        }
        self.database.fetch_all(query).await?.iter().map(read).collect()
    }
}

/// The users of a page. It is cut from the addresses alone, which stand in an index: only the rows that
/// are on it are read. CROSS has SQLite begin with the page.
fn listed(page: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM (SELECT email FROM users {page}) AS listed CROSS JOIN users
         WHERE users.email = listed.email ORDER BY listed.email"
    )
}

/// The condition on addresses in a search, whose pattern is `$3`. Where nothing is searched for,
/// nothing is compared: that would be half the time of a page far down the list.
fn contains(search: &str) -> &'static str {
    if search.is_empty() { "TRUE" } else { r"email LIKE $3 ESCAPE '\'" }
}

/// `LIKE`'s pattern for what contains this text.
fn pattern(text: &str) -> String {
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
        id: parse(row, "id", "user id")?,
        email: parse(row, "email", "email address")?,
        role: parse(row, "role", "role")?,
        created_at: Timestamp::from_unix(row.try_get("created_at")?),
    })
}

/// A column of text as what it stands for.
pub(super) fn parse<T: FromStr>(
    row: &AnyRow,
    column: &str,
    what: &'static str,
) -> Result<T, DatabaseError> {
    row.try_get::<&str, _>(column)?.parse().map_err(|_| DatabaseError::Corrupt(what))
}

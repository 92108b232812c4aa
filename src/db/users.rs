//! The users' rows.

use sqlx::{Row, any::AnyRow};

use super::{access::AnyQuery, connect::Database, error::DatabaseError};
use crate::clock::Timestamp;

/// A user's row.
#[derive(Clone)]
pub struct UserRow {
    /// The user's id.
    pub id: String,
    /// The e-mail address, in lower case.
    pub email: String,
    /// A PHC string.
    pub password_hash: String,
    /// The role's name.
    pub role: String,
    /// When the user signed up.
    pub created_at: Timestamp,
}

/// A user in a list.
#[derive(Clone)]
pub struct UserListRow {
    /// The user.
    pub user: UserRow,
    /// How many live sessions there are.
    pub sessions: i64,
}

const COLUMNS: &str = "SELECT id, email, password_hash, role, created_at FROM users";

/// The users of a page, with the number of sessions live at `$1`. The page is cut from the addresses
/// alone, which stand in an index: sessions are counted, and rows read, only for those who are on it.
const LISTED: &str = "SELECT id, users.email AS email, password_hash, role, created_at,
    (SELECT COUNT(*) FROM sessions
     WHERE sessions.user_id = users.id AND revoked_at IS NULL AND expires_at > $1) AS sessions
  FROM";

/// CROSS has SQLite begin with the page.
const IN_ORDER: &str =
    "AS listed CROSS JOIN users WHERE users.email = listed.email ORDER BY listed.email";

impl Database {
    /// The user with this e-mail address (in lower case).
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, DatabaseError> {
        let query =
            sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE email = $1"))).bind(email);
        let row = self.fetch_optional(query).await?;
        row.as_ref().map(read).transpose()
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_by_id(&self, id: &str) -> Result<Option<UserRow>, DatabaseError> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"))).bind(id);
        let row = self.fetch_optional(query).await?;
        row.as_ref().map(read).transpose()
    }

    /// The users whose address contains `search` (in lower case), in the order of their
    /// addresses: `limit` of them after the first `offset`. Sessions live at `now` are counted.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn users(
        &self,
        search: &str,
        limit: u32,
        offset: u32,
        now: Timestamp,
    ) -> Result<Vec<UserListRow>, DatabaseError> {
        let page = format!("WHERE {} ORDER BY email LIMIT $2 OFFSET $3", alike(search));
        let sql = format!("{LISTED} (SELECT email FROM users {page}) {IN_ORDER}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now.as_unix())
            .bind(i64::from(limit))
            .bind(i64::from(offset));
        self.listed(query, search).await
    }

    /// One of them. Sessions live at `now` are counted.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn listed_user(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<UserListRow>, DatabaseError> {
        let sql = format!("{LISTED} (SELECT email FROM users WHERE id = $2) {IN_ORDER}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.as_unix()).bind(id);
        let row = self.fetch_optional(query).await?;
        row.as_ref().map(read_listed).transpose()
    }

    /// The same list from the first address after `after` on: however far that is, it costs no
    /// more than the beginning.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn users_after(
        &self,
        search: &str,
        after: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<UserListRow>, DatabaseError> {
        let page = format!("WHERE {} AND email > $3 ORDER BY email LIMIT $2", alike(search));
        let sql = format!("{LISTED} (SELECT email FROM users {page}) {IN_ORDER}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now.as_unix())
            .bind(i64::from(limit))
            .bind(after);
        self.listed(query, search).await
    }

    async fn listed(
        &self,
        mut query: AnyQuery<'_>,
        search: &str,
    ) -> Result<Vec<UserListRow>, DatabaseError> {
        if !search.is_empty() {
            query = query.bind(pattern(search));
        }
        let rows = self.fetch_all(query).await?;
        rows.iter().map(read_listed).collect()
    }
}

/// Whose address contains what is searched for: its pattern is `$4`. Nothing is compared where that is
/// nothing, which is half the time of a page far down the list.
fn alike(search: &str) -> &'static str {
    if search.is_empty() { "TRUE" } else { r"email LIKE $4 ESCAPE '\'" }
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

fn read(row: &AnyRow) -> Result<UserRow, DatabaseError> {
    Ok(UserRow {
        id: row.try_get("id")?,
        email: row.try_get("email")?,
        password_hash: row.try_get("password_hash")?,
        role: row.try_get("role")?,
        created_at: Timestamp::from_unix(row.try_get("created_at")?),
    })
}

fn read_listed(row: &AnyRow) -> Result<UserListRow, DatabaseError> {
    Ok(UserListRow { user: read(row)?, sessions: row.try_get("sessions")? })
}

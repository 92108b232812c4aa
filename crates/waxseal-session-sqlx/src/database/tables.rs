//! Whether the tables in a database are ours to use: no other program's, and with the rights to read and
//! write them.

use sqlx::{AssertSqlSafe, Row};

use super::{
    Database, DatabaseError, OpenError,
    migrations::{Migrations, SESSION_MIGRATIONS},
};

impl Database {
    /// Refuses a database in which another program has a table of the same name as one of the migrations,
    /// or whose tables the user may not read and write. It changes nothing.
    ///
    /// # Errors
    ///
    /// If there is such a table, or the database fails.
    pub async fn check_tables(&self, of_app: &Migrations) -> Result<(), DatabaseError> {
        let all = [&SESSION_MIGRATIONS, of_app];
        for migrations in all {
            self.check_names(migrations).await.map_err(|error| self.explain(error))?;
        }
        for migrations in all.into_iter().filter(|_| self.is_postgres()) {
            self.check_rights(migrations).await.map_err(|error| self.explain(error))?;
        }
        Ok(())
    }

    async fn check_names(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        let (names, record) = (quoted_names(migrations), migrations.table);
        // One statement, because another process may be migrating.
        let sql = match self.is_postgres() {
            true => format!(
                "SELECT CAST(relname AS TEXT) FROM pg_class
                WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relname IN ({names})
                    AND relnamespace =
                        (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
                    AND NOT EXISTS (
                        SELECT 1 FROM pg_class
                        WHERE relname = '{record}' AND pg_table_is_visible(oid)
                    )
                ORDER BY relname"
            ),
            false => format!(
                "SELECT name FROM sqlite_master
                WHERE type IN ('table', 'view') AND lower(name) IN ({names})
                    AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{record}')
                ORDER BY name"
            ),
        };
        match self.fetch_optional(sqlx::query(AssertSqlSafe(sql))).await? {
            Some(row) => Err(OpenError::ForeignTable(row.try_get(0)?).into()),
            None => Ok(()),
        }
    }

    /// The tables may be another user's, as after a restore.
    async fn check_rights(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        let (names, record) = (quoted_names(migrations), migrations.table);
        let sql = format!(
            "SELECT CAST(relname AS TEXT), CAST(pg_get_userbyid(relowner) AS TEXT),
                CAST(current_user AS TEXT)
            FROM pg_class
            WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid) AND CASE
                WHEN relname = '{record}' THEN NOT has_table_privilege(oid, 'SELECT')
                WHEN relname IN ({names}) THEN NOT (
                    has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
                    AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
                )
                ELSE FALSE END
            ORDER BY relname"
        );
        match self.fetch_optional(sqlx::query(AssertSqlSafe(sql))).await? {
            Some(row) => Err(OpenError::NotOwner {
                reason: format!("table {:?} belongs to {:?}", text(&row, 0)?, text(&row, 1)?),
                user: text(&row, 2)?,
            }
            .into()),
            None => Ok(()),
        }
    }
}

fn text(row: &sqlx::any::AnyRow, column: usize) -> Result<String, DatabaseError> {
    Ok(row.try_get(column)?)
}

/// The names of the tables that migrations create, for SQL.
fn quoted_names(migrations: &Migrations) -> String {
    let lines = migrations.list.iter().flat_map(|(.., sql)| sql.lines());
    let created = lines.filter_map(|line| line.trim_start().strip_prefix("CREATE TABLE "));
    let names = created.filter_map(|rest| rest.split([' ', '(']).next());
    let plain = names.filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    // With `IF NOT EXISTS` a table may be there.
    let ours = plain.filter(|name| *name != "IF");
    let quoted: Vec<String> = ours.map(|name| format!("'{}'", name.to_lowercase())).collect();
    match quoted.is_empty() {
        true => "NULL".to_owned(),
        false => quoted.join(", "),
    }
}

//! Reading a revoked session's row.

use sqlx::{Row, any::AnyRow};
use waxseal_session::{Replacement, Revocation, SessionId, Timestamp};

use crate::database::DatabaseError;

/// The columns that [`read_revocation`] needs.
pub(crate) const REVOCATION_COLUMNS: &str = "id, expires_at, revoked_at, replaced_by";

/// Reads a revoked session.
pub(crate) fn read_revocation(row: &AnyRow) -> Result<Revocation, DatabaseError> {
    let id = parse_id(row.try_get("id")?)?;
    let expires_at = Timestamp::from_unix(row.try_get("expires_at")?);
    let by: Option<&str> = row.try_get("replaced_by")?;
    let replaced = match by {
        None => None,
        Some(by) => {
            let at = Timestamp::from_unix(row.try_get("revoked_at")?);
            Some(Replacement { by: parse_id(by)?, at })
        }
    };
    Ok(Revocation { id, expires_at, replaced })
}

fn parse_id(id: &str) -> Result<SessionId, DatabaseError> {
    id.parse().map_err(|_| DatabaseError::Corrupt("session id"))
}

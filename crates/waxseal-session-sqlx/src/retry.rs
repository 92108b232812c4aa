//! Transactions that lost a race for a lock on PostgreSQL are run again.

use std::time::Duration;

use tokio::time::sleep;

use crate::database::DatabaseError;

/// The other transaction goes first. PostgreSQL does not see to that: the one that is run again could take the
/// lock while the other wakes up, and be part of the same deadlock.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs a transaction, and once more if other transactions held locks that it needed: PostgreSQL ends one
/// that is part of a deadlock, or that has waited for two seconds. `transaction` begins a new one each time
/// and does all of it again.
///
/// # Errors
///
/// If the transaction fails for another reason, or again.
pub async fn retry_lock_conflict<T, F>(
    mut transaction: impl FnMut() -> F,
) -> Result<T, DatabaseError>
where
    F: Future<Output = Result<T, DatabaseError>>,
{
    match transaction().await {
        Err(error) if error.is_lock_conflict() => {
            sleep(PAUSE).await;
            transaction().await
        }
        outcome => outcome,
    }
}

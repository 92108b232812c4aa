//! Transactions that lost a race for a lock on PostgreSQL are run again.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::database::DatabaseError;

/// The other transaction goes first. PostgreSQL does not see to that: the one that is run again could take the
/// lock while the other wakes up, and be part of the same deadlock.
const PAUSE: Duration = Duration::from_millis(100);

/// When the second try must be over, counted from the start of the first: each can wait for a connection, for
/// `BEGIN` and for locks, and requests are answered within ten seconds.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Runs a transaction, and once more if other transactions held locks that it needed: PostgreSQL ends one
/// that is part of a deadlock, or that has waited for two seconds. `transaction` begins a new one each time
/// and does all of it again.
///
/// # Errors
///
/// If the transaction fails for another reason, or again, or if both tries take longer than eight seconds.
pub async fn retry_lock_conflict<T, F>(
    mut transaction: impl FnMut() -> F,
) -> Result<T, DatabaseError>
where
    F: Future<Output = Result<T, DatabaseError>>,
{
    let deadline = Instant::now() + TIMEOUT;
    match transaction().await {
        Err(error) if error.is_lock_conflict() => {
            sleep(PAUSE).await;
            let again = timeout_at(deadline, transaction());
            again.await.unwrap_or(Err(DatabaseError::Busy))
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, error::Error, fmt};

    use sqlx::error::ErrorKind;

    use super::*;

    #[derive(Debug)]
    struct Deadlock;

    impl fmt::Display for Deadlock {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("deadlock detected")
        }
    }

    impl Error for Deadlock {}

    impl sqlx::error::DatabaseError for Deadlock {
        fn message(&self) -> &str {
            "deadlock detected"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some("40P01".into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_tries_together_take_no_longer_than_a_request_may() {
        for (seconds, fits) in [(3, true), (6, false)] {
            let (start, mut tries) = (Instant::now(), 0);
            let outcome = retry_lock_conflict(|| {
                tries += 1;
                let outcome = match tries {
                    1 => Err(sqlx::Error::Database(Box::new(Deadlock)).into()),
                    _ => Ok(()),
                };
                async move {
                    sleep(Duration::from_secs(seconds)).await;
                    outcome
                }
            });
            let outcome = outcome.await;
            assert_eq!(outcome.is_ok(), fits, "{outcome:?}");
            assert!(start.elapsed() <= Duration::from_secs(9), "{:?}", start.elapsed());
        }
    }
}

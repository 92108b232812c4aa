//! The epoch: the time since which Redis has kept every revocation.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use redis::{RedisResult, aio::ConnectionLike};
use tokio::sync::{Notify, futures::OwnedNotified};
use waxseal_session::{SessionId, Timestamp};

use crate::{keys::Keys, scripts};

/// How long after the loss of data sessions can begin again. Times are whole seconds, and the clocks of two
/// nodes may differ by a second.
pub(crate) const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// The epoch that this node knows.
#[derive(Debug)]
pub(crate) struct Epoch {
    /// As the set of revocations has it; empty before the first time.
    name: Mutex<String>,
    /// Unix seconds.
    beginning: AtomicI64,
    replaced: Arc<Notify>,
}

impl Epoch {
    pub(crate) fn new() -> Self {
        let (beginning, replaced) = (AtomicI64::new(Timestamp::MIN.as_unix()), Arc::default());
        Self { name: Mutex::default(), beginning, replaced }
    }

    pub(crate) fn name(&self) -> String {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sessions that began earlier may have been revoked, and are over.
    pub(crate) fn beginning(&self) -> Timestamp {
        Timestamp::from_unix(self.beginning.load(Ordering::Relaxed))
    }

    /// Resolves when the next epoch begins: the sessions that there are now are over.
    pub(crate) fn replaced(&self) -> OwnedNotified {
        self.replaced.clone().notified_owned()
    }

    /// Reads the epoch from Redis, and begins one if there is none, or one older than this node's.
    pub(crate) async fn read(
        &self,
        connection: &mut impl ConnectionLike,
        keys: &Keys,
        now: Timestamp,
    ) -> RedisResult<()> {
        // A session id is as random as anything.
        let (beginning, random) = (now + CLOCK_TOLERANCE, SessionId::random());
        let candidate = format!("epoch:{}:{random}", beginning.as_unix());
        let mut script = scripts::EPOCH.prepare_invoke();
        script.key(&keys.revoked).key(&keys.revocations);
        script.arg(self.beginning().as_unix()).arg(&candidate);
        let found: String = script.invoke_async(connection).await?;
        if found != self.name() {
            self.replace(found);
        }
        Ok(())
    }

    fn replace(&self, name: String) {
        let beginning = name.split(':').nth(1).and_then(|seconds| seconds.parse().ok());
        let beginning = Timestamp::from_unix(beginning.unwrap_or(i64::MAX));
        self.beginning.store(beginning.as_unix(), Ordering::Relaxed);
        let mut known = self.name.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            log::debug!("sessions that began before {beginning} are refused");
        } else {
            log::error!(
                "Redis has lost revocations: every session that began before {beginning} is refused"
            );
        }
        *known = name;
        drop(known);
        self.replaced.notify_waiters();
    }
}

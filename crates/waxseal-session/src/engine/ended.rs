//! Waits for the end of a session.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{SessionEngine, Settings};
use crate::{clock::Timestamp, error_chain::ErrorChain, id::SessionId, store::SessionStore};

/// How often to look whether the wall clock has passed the expiry.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long to wait before asking a store again that failed, and how often to ask: as long as the list of
/// revocations is trusted without a word from it.
const RETRY_AFTER: Duration = Duration::from_secs(1);
const RETRIES: u32 = 30;

/// The engine, whatever its store.
pub(crate) trait SessionEnd: Send + Sync {
    fn settings(&self) -> &Settings;

    /// Resolves when the session is revoked or expires; `expires_at` is when it does unless it was
    /// refreshed.
    fn ended(
        self: Arc<Self>,
        id: SessionId,
        expires_at: Timestamp,
    ) -> Pin<Box<dyn Future<Output = ()>>>;
}

impl<S: SessionStore> SessionEnd for SessionEngine<S> {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn ended(
        self: Arc<Self>,
        id: SessionId,
        expires_at: Timestamp,
    ) -> Pin<Box<dyn Future<Output = ()>>> {
        // Registered now, not when the future is first polled.
        let revoked = self.store.revoked(&id);
        Box::pin(async move {
            tokio::select! {
                () = revoked => {}
                () = self.expired(id, expires_at) => {}
            }
        })
    }
}

impl<S: SessionStore> SessionEngine<S> {
    /// Waits until the session expires. Other requests may have refreshed it meanwhile.
    async fn expired(&self, id: SessionId, mut expires_at: Timestamp) {
        let (clock, mut failures) = (&self.settings.clock, RETRIES);
        loop {
            let remaining = expires_at.since(clock.now());
            if !remaining.is_zero() {
                // Not longer at a time: the wall clock can jump.
                clock.sleep_until(clock.elapsed() + remaining.min(LOOK_EVERY)).await;
                continue;
            }
            match self.store.load(&id).await {
                Ok(Some(record)) if record.expires_at > clock.now() => {
                    expires_at = record.expires_at;
                }
                Ok(_) => return,
                Err(error) if failures == 0 => {
                    log::warn!("whether a session has expired is unknown: {}", ErrorChain(&error));
                    return;
                }
                // Other requests may have refreshed it.
                Err(_) => {
                    failures -= 1;
                    clock.sleep_until(clock.elapsed() + RETRY_AFTER).await;
                }
            }
        }
    }
}

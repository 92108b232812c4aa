//! Waits for the end of a session.

use std::{future::Future, pin::Pin, sync::Arc};

use super::{SessionEngine, Settings};
use crate::{clock::Timestamp, error_chain::ErrorChain, id::SessionId, store::SessionStore};

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
        loop {
            let remaining = expires_at.since(self.settings.clock.now());
            if !remaining.is_zero() {
                let clock = &self.settings.clock;
                clock.sleep_until(clock.elapsed() + remaining).await;
                continue;
            }
            match self.store.load(&id).await {
                Ok(Some(record)) if record.expires_at > self.settings.clock.now() => {
                    expires_at = record.expires_at;
                }
                Ok(_) => return,
                // There is no telling that it goes on.
                Err(error) => {
                    log::warn!("whether a session has expired is unknown: {}", ErrorChain(&error));
                    return;
                }
            }
        }
    }
}

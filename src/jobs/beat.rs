//! The beat of a job: how often it comes round.

use std::time::Duration;

use crate::clock::Clock;

/// Comes at fixed times from its making on. A job that takes longer than the interval goes on at
/// once, and what it missed is not made up for.
pub(super) struct Beat<'a> {
    clock: &'a Clock,
    interval: Duration,
    next: Duration,
}

impl<'a> Beat<'a> {
    pub(super) fn new(clock: &'a Clock, interval: Duration) -> Self {
        Self { clock, interval, next: clock.elapsed() }
    }

    /// Waits for the next one.
    pub(super) async fn wait(&mut self) {
        self.next = self.next.saturating_add(self.interval).max(self.clock.elapsed());
        self.clock.sleep_until(self.next).await;
    }
}

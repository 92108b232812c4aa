use std::time::Duration;

use crate::clock::Clock;

/// Ticks at fixed times. A job that takes longer than the interval goes on at once; missed ticks are
/// not made up for.
pub(super) struct Interval<'a> {
    clock: &'a Clock,
    period: Duration,
    next: Duration,
}

impl<'a> Interval<'a> {
    pub(super) fn new(clock: &'a Clock, period: Duration) -> Self {
        Self { clock, period, next: clock.elapsed() }
    }

    /// Waits for the next tick.
    pub(super) async fn tick(&mut self) {
        self.next = self.next.saturating_add(self.period).max(self.clock.elapsed());
        self.clock.sleep_until(self.next).await;
    }
}

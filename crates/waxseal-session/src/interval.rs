//! Fixed intervals on a [`Clock`], for background tasks.

use std::time::Duration;

use crate::clock::Clock;

/// Ticks at fixed times after its creation. A tick that is missed because the work before it took
/// longer than the interval is skipped.
#[derive(Debug)]
pub struct Interval<'a> {
    clock: &'a Clock,
    period: Duration,
    next: Duration,
}

impl<'a> Interval<'a> {
    /// An interval whose first tick comes one period from now.
    pub fn new(clock: &'a Clock, period: Duration) -> Self {
        Self { clock, period, next: clock.elapsed() }
    }

    /// Waits for the next tick.
    pub async fn tick(&mut self) {
        self.next = self.next.saturating_add(self.period).max(self.clock.elapsed());
        self.clock.sleep_until(self.next).await;
    }
}

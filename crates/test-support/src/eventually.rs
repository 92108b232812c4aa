//! Waiting for a condition.

use std::time::Duration;

/// Polls a condition until it holds. Panics after ten seconds.
pub async fn eventually(condition: impl AsyncFn() -> bool) {
    for _ in 0..10_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the condition was never met");
}

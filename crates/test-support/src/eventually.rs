use std::time::Duration;

/// Asks until it is so. For what happens beside the requests, which seldom takes long.
pub async fn eventually(condition: impl AsyncFn() -> bool) {
    for _ in 0..10_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came to be");
}

//! What the session middleware adds to a request, in time: from the routing of a parsed request to
//! the dropped response. It leaves out the network, the parsing of HTTP, a database (the session
//! store is in memory) and handlers that use the session. The cases are those of `support/cases.rs`.
//! Run with `cargo bench -p waxseal-session --bench middleware`.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/cases.rs"]
mod cases;

use std::time::Duration;

use actix_http::Request;
use actix_web::{
    dev::{Service, ServiceResponse},
    test::call_service,
};
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use tokio::runtime::Runtime;

struct Time<'a>(BenchmarkGroup<'a, WallTime>);

impl cases::Measure for Time<'_> {
    fn measure<S, B>(&mut self, case: &str, runtime: &Runtime, app: &S, cookie: &str)
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        // Requests are built outside of the timed part, a few at a time, so that they are still in
        // the processor's cache and Actix's pools suffice. Dropping request and response is timed.
        self.0.bench_function(case, |b| {
            b.to_async(runtime).iter_batched(
                || cases::request("/", cookie),
                async |request| call_service(app, request).await.status(),
                BatchSize::NumIterations(64),
            );
        });
    }
}

fn middleware(c: &mut Criterion) {
    cases::each(&mut Time(c.benchmark_group("middleware")), 1_000_000);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4));
    targets = middleware
}
criterion_main!(benches);

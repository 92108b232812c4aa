//! What it takes to seal and to unseal a token, for four lengths of plaintext: from less than any
//! session's to nearly the most that fits into a cookie. It leaves out what surrounds the seal in a
//! request (the cookie header, the claims' JSON, the session store): see waxseal-session's
//! `middleware.rs`. Run with `cargo bench -p waxseal-seal --bench seal`.

#![allow(missing_docs, clippy::expect_used)]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waxseal_seal::{Keyring, Secret};

const PURPOSE: &str = "session:__Host-session";
const LENGTHS: [usize; 4] = [60, 200, 1_000, 2_900];

fn seal(c: &mut Criterion) {
    let keyring = Keyring::new(&Secret::generate());
    let mut group = c.benchmark_group("seal");
    for length in LENGTHS {
        let plaintext = vec![b'x'; length];
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::from_parameter(length), |b| {
            b.iter(|| keyring.seal(PURPOSE, black_box(&plaintext)));
        });
    }
}

fn unseal(c: &mut Criterion) {
    let keyring = Keyring::new(&Secret::generate());
    let mut group = c.benchmark_group("unseal");
    for length in LENGTHS {
        let token = keyring.seal(PURPOSE, &vec![b'x'; length]);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::from_parameter(length), |b| {
            b.iter(|| keyring.unseal(PURPOSE, black_box(&token)).expect("it was just sealed"));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4));
    targets = seal, unseal
}
criterion_main!(benches);

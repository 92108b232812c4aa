//! The revocation list: how long a look-up takes with a thousand, a million and ten million
//! revoked sessions, and how much memory an entry takes. (What they cost a request: `benches/growth` of
//! the package waxseal.)
//!
//! The memory is the growth of the process's resident set (Linux), printed before the timings.
//! `cargo bench -p waxseal-session --bench revocation`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use waxseal_session::{Revocation, RevocationList, SessionId, Timestamp};

fn look_ups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("revocation list");
    for size in [1_000, 1_000_000, 10_000_000] {
        let (list, ids, bytes) = filled(size);
        println!("revocation list of {size}: {bytes:.1} bytes an entry");
        let mut turn = ids.iter().cycle();
        group.bench_function(BenchmarkId::new("revoked", size), |bencher| {
            bencher.iter(|| list.contains(black_box(turn.next().unwrap())));
        });
        let others: Vec<_> = (0..100_000).map(|_| SessionId::random()).collect();
        let mut turn = others.iter().cycle();
        group.bench_function(BenchmarkId::new("live", size), |bencher| {
            bencher.iter(|| list.contains(black_box(turn.next().unwrap())));
        });
    }
}

/// A list of this many sessions, those of them to look for, and how many bytes an entry takes.
fn filled(size: usize) -> (RevocationList, Vec<SessionId>, f64) {
    let list = RevocationList::default();
    let mut ids = Vec::with_capacity(100_000);
    let before = resident_bytes();
    for index in 0..size {
        let id = SessionId::random();
        list.insert(Revocation { id, expires_at: Timestamp::MAX, replaced: None });
        if index % (size / 1_000) == 0 && ids.len() < 100_000 {
            ids.push(id);
        }
    }
    let bytes = (resident_bytes() - before) / size as f64;
    (list, ids, bytes)
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * 4096.0
}

criterion_group!(benches, look_ups);
criterion_main!(benches);

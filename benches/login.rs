//! The time of a failed log-in with and without an account: through the accounts service, with SQLite on
//! disk and the server's Argon2id parameters. The two must not differ measurably.
//! `cargo bench --bench login`.
//!
//! The clock advances by two days between attempts, so that none is throttled.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use tokio::runtime::Builder;
use waxseal::{
    accounts::{
        Accounts, Client, Hashing, LogIn, LoginContext, MailPolicy, Password, PasswordPolicy,
        SignUp,
    },
    db::{self, AccountStore, SqlSessionStore},
};
use waxseal_session::{Clock, ExpiryPolicy, Timestamp};

const TWO_DAYS: Duration = Duration::from_secs(2 * 86_400);

fn login(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_unix(1_000_000_000));
    let accounts = runtime.block_on(accounts(directory.path(), clock.clone()));
    let arrival = LoginContext {
        client: Client { address: "192.0.2.1".to_owned(), user_agent: String::new() },
        ..LoginContext::default()
    };
    let known = "ann@example.com".parse().unwrap();
    let right = Password::parse("violet anvil forty marmots").unwrap();
    let wrong = Password::parse("violet anvil forty geese").unwrap();
    let signed_up = runtime.block_on(accounts.sign_up(&known, &right, &arrival, || None)).unwrap();
    assert!(matches!(signed_up, SignUp::Done(_)));

    let mut group = criterion.benchmark_group("login");
    group.sampling_mode(SamplingMode::Flat);
    for (name, email) in [("known", known), ("unknown", "bob@example.com".parse().unwrap())] {
        group.bench_function(format!("refused/{name}"), |bencher| {
            bencher.to_async(&runtime).iter(async || {
                clock.advance(TWO_DAYS);
                let refused = accounts.log_in(&email, &wrong, &arrival).await.unwrap();
                assert!(matches!(refused, LogIn::Refused));
            });
        });
    }
}

async fn accounts(directory: &std::path::Path, clock: Clock) -> Accounts {
    let url = format!("sqlite://{}/bench.db", directory.display()).parse().unwrap();
    let database = db::connect(&url).await.unwrap();
    let sessions = SqlSessionStore::load(database, clock.clone()).await.unwrap();
    Accounts {
        store: AccountStore::new(sessions, clock.clone()),
        hashing: Hashing::new(clock.clone()).unwrap(),
        policy: PasswordPolicy::new(PasswordPolicy::DEFAULT_MIN_LENGTH),
        sign_up: waxseal::accounts::SignUpPolicy::Open,
        mail: MailPolicy::default(),
        expiry_policy: ExpiryPolicy::default(),
        step_up_after: Duration::from_secs(900),
        clock,
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(100)
        .warm_up_time(Duration::from_secs(2))
        .measurement_time(Duration::from_secs(15));
    targets = login
}
criterion_main!(benches);

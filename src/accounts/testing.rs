//! A test fixture in which the test runs each hash itself, so that it controls what happens during
//! one.

use std::{
    pin::{Pin, pin},
    sync::mpsc::Receiver,
    time::Duration,
};

use tempfile::TempDir;
use waxseal_session::ExpiryPolicy;

use super::{
    hashing::{Hashing, Job},
    password_policy::PasswordPolicy,
    service::Accounts,
};
use crate::{
    db::{LoginContext, NewUser, testing::empty_store},
    domain::{Email, MailPolicy, NewAccount, Password, Role, SignUpPolicy, UserId},
};

pub(super) const EMAIL: &str = "ann@example.com";
pub(super) const PASSWORD: &str = "violet anvil forty marmots";
pub(super) const WRONG: &str = "not the password of anyone";

/// The accounts service, with one user.
pub(super) struct Fixture {
    pub(super) accounts: Accounts,
    pub(super) ann: UserId,
    jobs: Receiver<Job>,
    _folder: TempDir,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let (store, folder) = empty_store().await;
        let clock = store.clock.clone();
        let (hashing, jobs) = Hashing::without_threads(clock.clone());
        let policy = PasswordPolicy::new(PasswordPolicy::DEFAULT_MIN_LENGTH);
        let expiry_policy = ExpiryPolicy::default();
        let mail = MailPolicy::default();
        let (sign_up, step_up_after) = (SignUpPolicy::Open, Duration::from_secs(900));
        let accounts =
            Accounts { store, hashing, policy, sign_up, mail, expiry_policy, step_up_after, clock };
        let fixture = Self { accounts, ann: UserId::random(), jobs, _folder: folder };
        fixture.add_ann().await;
        fixture
    }

    async fn add_ann(&self) {
        let password = password(PASSWORD);
        let (hash, _) = self.finish(self.accounts.hashing.hash(&password)).await;
        let ann = NewUser {
            id: self.ann,
            email: &email(EMAIL),
            password_hash: &hash.unwrap(),
            role: Role::User,
        };
        let added = self.accounts.store.add_user(ann).await.unwrap();
        assert!(matches!(added, NewAccount::Done(_)));
    }

    /// Runs a future to completion, along with the hashes it queues. Returns its output and how many
    /// hashes it queued.
    pub(super) async fn finish<T>(&self, running: impl Future<Output = T>) -> (T, usize) {
        let mut running = pin!(running);
        let mut hashed = 0;
        loop {
            match self.run_until_hash(running.as_mut()).await {
                Ok(job) => job(),
                Err(done) => return (done, hashed),
            }
            hashed += 1;
        }
    }

    /// Runs a future until it queues a hash, and returns the job; or its output if it completes.
    pub(super) async fn run_until_hash<T>(
        &self,
        mut running: Pin<&mut impl Future<Output = T>>,
    ) -> Result<Job, T> {
        loop {
            tokio::select! {
                biased;
                done = running.as_mut() => return Err(done),
                () = tokio::task::yield_now() => {}
            }
            if let Ok(job) = self.jobs.try_recv() {
                return Ok(job);
            }
        }
    }
}

pub(super) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

pub(super) fn email(text: &str) -> Email {
    text.parse().unwrap()
}

/// The context of a log-in from a browser.
pub(super) fn context() -> LoginContext {
    let mut context = LoginContext::default();
    context.client.address = "192.0.2.7".to_owned();
    context
}

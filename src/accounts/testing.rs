//! Accounts for tests, in which a password is hashed when the test says so: what happens at the same
//! time happens exactly then.

use std::{
    pin::{Pin, pin},
    sync::mpsc::Receiver,
};

use tempfile::TempDir;
use waxseal_session::{Clock, ExpiryPolicy, Timestamp};

use super::{hashing::Hashing, password_policy::PasswordPolicy, service::Accounts};
use crate::{
    db::{self, AccountStore, LoginContext, NewUser, SqlSessionStore},
    domain::{Email, NewAccount, Password, Role, UserId},
};

pub(super) const EMAIL: &str = "ann@example.com";
pub(super) const PASSWORD: &str = "violet anvil forty marmots";
pub(super) const WRONG: &str = "not the password of anyone";

/// Accounts with one person.
pub(super) struct World {
    pub(super) accounts: Accounts,
    pub(super) ann: UserId,
    jobs: Receiver<Box<dyn FnOnce() + Send>>,
    _folder: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let database = db::connect(&url).await.unwrap();
        let sessions = SqlSessionStore::load(database, clock.clone()).await.unwrap();
        let store = AccountStore::new(sessions, clock.clone());
        let (hashing, jobs) = Hashing::by_hand(clock.clone());
        let policy = PasswordPolicy::new(PasswordPolicy::DEFAULT_MIN_LENGTH);
        let expiry_policy = ExpiryPolicy::default();
        let accounts = Accounts { store, hashing, policy, expiry_policy, clock };
        let world = Self { accounts, ann: UserId::random(), jobs, _folder: folder };
        world.add_ann().await;
        world
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

    /// Runs something to its end, and does at once what it has hashed; how often that was.
    pub(super) async fn finish<T>(&self, running: impl Future<Output = T>) -> (T, usize) {
        let mut running = pin!(running);
        let mut hashed = 0;
        loop {
            match self.until_it_hashes(running.as_mut()).await {
                Ok(job) => job(),
                Err(done) => return (done, hashed),
            }
            hashed += 1;
        }
    }

    /// Runs something until it waits for a hash, which is still to be made; or to its end.
    pub(super) async fn until_it_hashes<T>(
        &self,
        mut running: Pin<&mut impl Future<Output = T>>,
    ) -> Result<Box<dyn FnOnce() + Send>, T> {
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

/// A browser somewhere.
pub(super) fn context() -> LoginContext {
    let mut context = LoginContext::default();
    context.client.address = "192.0.2.7".to_owned();
    context
}

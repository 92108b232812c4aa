//! A test fixture: a database with one user.

use tempfile::TempDir;
use waxseal_session::{Clock, ExpiryPolicy, SessionId, SessionRecord, State, Timestamp};

use super::{AccountStore, Attempt, LoginContext, NewUser, SqlSessionStore, connect};
use crate::domain::{PasswordHash, Role, SignUp, UserId};

/// A database with one user, `ann@example.com`, whose password hash is `hash`.
pub(super) struct Fixture {
    pub(super) store: AccountStore,
    pub(super) ann: UserId,
    /// Ann's session.
    pub(super) session: SessionId,
    _folder: TempDir,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let ((store, folder), ann) = (empty_store().await, UserId::random());
        let user = NewUser {
            id: ann,
            email: &"ann@example.com".parse().unwrap(),
            password_hash: &PasswordHash::from_phc("hash"),
            role: Role::User,
        };
        let signed_up =
            store.sign_up(user, session(), &LoginContext::default(), None).await.unwrap();
        let SignUp::Done(session) = signed_up else { panic!("{signed_up:?}") };
        Self { store, ann, session: session.id, _folder: folder }
    }

    pub(super) async fn live_sessions(&self) -> usize {
        let (ann, sessions) = (self.ann.to_string(), self.store.sessions());
        sessions.sessions_of(&ann, &self.session, 9, 0).await.unwrap().len()
    }
}

/// An empty database on a manual clock, and the folder that holds it.
pub(crate) async fn empty_store() -> (AccountStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
    let clock = Clock::manual(Timestamp::from_unix(1_000_000));
    let database = connect(&url).await.unwrap();
    let sessions = SqlSessionStore::load(database, clock.clone()).await.unwrap();
    (AccountStore::new(sessions, clock), folder)
}

/// A new session, not yet stored.
pub(super) fn session() -> SessionRecord {
    let state = State::from_json("{}").unwrap();
    SessionRecord::new(&ExpiryPolicy::default(), Timestamp::from_unix(1_000_000), state)
}

/// An attempt that is never throttled.
pub(super) fn attempt() -> Attempt {
    Attempt { account: "ann's".to_owned(), network: "192.0.2.7".to_owned(), retry_at: |_, _| None }
}

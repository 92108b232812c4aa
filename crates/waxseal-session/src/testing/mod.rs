//! The acceptance suites for session stores, yours too.

mod tabs;
mod workers;

use std::{future::Future, time::Duration};

use serde_json::json;

use crate::{
    clock::{Clock, Timestamp},
    id::SessionId,
    record::SessionRecord,
    state::State,
    state_changes::StateChanges,
    store::{RevocationStatus, SessionStore, StoreError},
};

pub use tabs::many_tabs_suite;
pub use workers::many_workers_suite;

/// How long the sessions of the suite live.
const LIFETIME: Duration = Duration::from_secs(1000);

/// Checks that a store follows the rules of [`SessionStore`]. The store goes by `clock`, which has to
/// be a [manual](Clock::manual) one.
///
/// ```
/// use waxseal_session::{Clock, MemoryStore, Timestamp, testing};
///
/// # actix_web::rt::System::new().block_on(async {
/// let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
/// testing::acceptance_suite(&MemoryStore::with_clock(clock.clone()), &clock).await?;
/// # Ok::<(), waxseal_session::StoreError>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// When the store fails.
///
/// # Panics
///
/// When the store breaks a rule.
pub async fn acceptance_suite(store: &impl SessionStore, clock: &Clock) -> Result<(), StoreError> {
    let suite = Suite { store, clock };
    suite.a_session_is_active_until_it_is_revoked().await?;
    suite.a_session_is_replaced_once_and_by_one().await?;
    suite.what_waits_for_the_end_of_a_session_is_woken().await?;
    suite.a_change_that_crosses_a_revocation_does_not_revive().await?;
    if !store.keeps_records() {
        return Ok(());
    }
    suite.a_state_is_kept_and_changes_to_different_keys_are_merged().await?;
    suite.of_many_changes_at_once_none_is_lost().await?;
    suite.a_session_without_a_record_is_revoked_and_never_created().await?;
    suite.an_expiry_never_moves_back_and_ends_the_session().await?;
    suite.a_revocation_is_kept_while_a_cookie_could_be_valid().await?;
    suite.a_replaced_session_is_refused_while_a_cookie_could_be_valid().await
}

/// Checks that two nodes which share a store hear of each other. `one` and `other` are two handles that
/// share nothing but the storage, each with its feed running. The suite waits for up to five seconds of
/// real time, so the nodes may be on a manual clock only if their feeds don't wait for it.
///
/// # Errors
///
/// When a store fails.
///
/// # Panics
///
/// When a node does not hear of the other's revocations, or of its changes.
pub async fn two_nodes_suite(
    one: &impl SessionStore,
    other: &impl SessionStore,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (here, there) = (Suite { store: one, clock }, Suite { store: other, clock });
    let (ann, bob) = (here.created("ann").await?, here.created("bob").await?);
    assert_eq!(there.status(&ann), RevocationStatus::Active, "nodes accept each other's sessions");
    assert_eq!(there.loaded(&ann.id).await?, ann.state.to_json());
    let changed = there.set(&ann, "theme", "dark").await?;
    assert_eq!(changed.as_deref(), Some(r#"{"theme":"dark","user_id":"ann"}"#));
    assert_eq!(here.loaded(&ann.id).await?, r#"{"theme":"dark","user_id":"ann"}"#);

    let ended = other.revoked(&ann.id);
    one.revoke(&ann).await?;
    eventually(|| there.status(&ann) == RevocationStatus::Revoked).await;
    ended.await;
    there.assert_over(&ann).await?;

    let new = there.new_session("bob");
    assert!(other.create(&new, Some(&bob.id)).await?);
    one.catch_up(&bob.id).await?;
    let replaced = RevocationStatus::Replaced { by: new.id };
    assert_eq!(here.status(&bob), replaced, "a node that asks knows it at once");
    assert_eq!(here.status(&new), RevocationStatus::Active);
    Ok(())
}

/// Waits until something holds.
async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(holds(), "not within five seconds");
}

struct Suite<'a, S> {
    store: &'a S,
    clock: &'a Clock,
}

impl<S: SessionStore> Suite<'_, S> {
    async fn a_session_is_active_until_it_is_revoked(&self) -> Result<(), StoreError> {
        let ann = self.created("ann").await?;
        assert_eq!(self.status(&ann), RevocationStatus::Active);
        for _ in 0..2 {
            self.store.revoke(&ann).await?;
            self.assert_over(&ann).await?;
        }
        Ok(())
    }

    async fn a_session_is_replaced_once_and_by_one(&self) -> Result<(), StoreError> {
        let (old, new) = (self.created("ann").await?, self.new_session("ann"));
        assert!(self.store.create(&new, Some(&old.id)).await?, "a live session is replaced");
        assert_eq!(self.status(&old), RevocationStatus::Replaced { by: new.id });
        assert_eq!(self.status(&new), RevocationStatus::Active);
        self.assert_over(&old).await?;
        let late = self.new_session("ann");
        assert!(!self.store.create(&late, Some(&old.id)).await?, "replaced before");
        self.clock.advance(Duration::from_secs(60));
        assert_eq!(self.status(&old), RevocationStatus::Revoked, "after a minute");
        if self.store.keeps_records() {
            assert_eq!(self.loaded(&late.id).await?, "", "nothing was created");
        }

        // The new session may be the shorter one.
        let old = self.created("ann").await?;
        let new = SessionRecord {
            expires_at: self.clock.now() + Duration::from_secs(1),
            ..self.new_session("ann")
        };
        assert!(self.store.create(&new, Some(&old.id)).await?);
        self.clock.advance(LIFETIME / 2);
        self.created("bob").await?;
        assert_eq!(self.status(&old), RevocationStatus::Revoked);

        // Of several at once, one succeeds.
        let old = self.created("ann").await?;
        let [one, two, three] = [(); 3].map(|()| self.new_session("ann"));
        let (one, two, three) = tokio::join!(
            self.store.create(&one, Some(&old.id)),
            self.store.create(&two, Some(&old.id)),
            self.store.create(&three, Some(&old.id)),
        );
        let succeeded = [one?, two?, three?].into_iter().filter(|it| *it).count();
        assert_eq!(succeeded, 1, "a session is replaced by one");
        Ok(())
    }

    async fn what_waits_for_the_end_of_a_session_is_woken(&self) -> Result<(), StoreError> {
        let (ann, bob, kim) =
            (self.created("ann").await?, self.created("bob").await?, self.created("kim").await?);
        let (revoked, replaced) = (self.store.revoked(&ann.id), self.store.revoked(&bob.id));
        let live = self.store.revoked(&kim.id);
        self.store.revoke(&ann).await?;
        revoked.await;
        assert!(self.store.create(&self.new_session("bob"), Some(&bob.id)).await?);
        replaced.await;
        self.store.revoked(&ann.id).await;
        tokio::select! {
            biased;
            () = live => assert_eq!(self.status(&kim), RevocationStatus::Revoked, "still live"),
            () = tokio::task::yield_now() => {}
        }
        Ok(())
    }

    async fn a_state_is_kept_and_changes_to_different_keys_are_merged(
        &self,
    ) -> Result<(), StoreError> {
        let ann = self.created("ann").await?;
        assert_eq!(self.loaded(&ann.id).await?, ann.state.to_json());
        // Each of these knows only the state that the session began with.
        self.set(&ann, "theme", "dark").await?;
        let kept = self.set(&ann, "lang", "de").await?;
        let merged = r#"{"lang":"de","theme":"dark","user_id":"ann"}"#;
        assert_eq!(kept.as_deref(), Some(merged), "the state that the session has now");
        assert_eq!(self.loaded(&ann.id).await?, merged);
        let kept = self.store.save(&ann, &StateChanges::NONE).await?;
        assert_eq!(kept.as_ref().map(State::to_json), Some(merged), "without changes, too");
        let cleared = StateChanges::between(&ann.state, &State::default());
        let kept = self.store.save(&ann, &cleared).await?;
        assert_eq!(kept.as_ref().map(State::to_json), Some(r#"{"lang":"de","theme":"dark"}"#));
        // JSON goes through unchanged.
        let odd = r#"{"a":123456789012345678901234567890,"b":1.50,"c":{"d":[ ],"e":null},"f":"\u00f6 😀"}"#;
        let odd = State::from_json(odd).map_err(StoreError::new)?;
        let kim = SessionRecord { state: odd.clone(), ..self.new_session("kim") };
        assert!(self.store.create(&kim, None).await?);
        assert_eq!(self.loaded(&kim.id).await?, odd.to_json());
        Ok(())
    }

    async fn of_many_changes_at_once_none_is_lost(&self) -> Result<(), StoreError> {
        let ann = self.created("ann").await?;
        let mut saves = Vec::new();
        for number in 0..20 {
            saves.push(self.set_owned(&ann, format!("key{number}"), "1"));
        }
        for saved in join_all(saves).await {
            assert!(saved?.is_some());
        }
        let state = self.store.load(&ann.id).await?.map(|ann| ann.state).unwrap_or_default();
        for number in 0..20 {
            let key = format!("key{number}");
            assert_eq!(state.get::<String>(&key).as_deref(), Some("1"), "{key}");
        }
        Ok(())
    }

    async fn a_change_that_crosses_a_revocation_does_not_revive(&self) -> Result<(), StoreError> {
        for _ in 0..10 {
            let ann = self.created("ann").await?;
            let (saved, revoked) =
                tokio::join!(self.set(&ann, "theme", "dark"), self.store.revoke(&ann));
            saved?;
            revoked?;
            self.assert_over(&ann).await?;
        }
        Ok(())
    }

    /// A cookie can outlive its record: in a database that was restored from a backup, say.
    async fn a_session_without_a_record_is_revoked_and_never_created(
        &self,
    ) -> Result<(), StoreError> {
        let unknown = self.new_session("ann");
        assert_eq!(self.loaded(&unknown.id).await?, "");
        assert!(self.store.save(&unknown, &StateChanges::NONE).await?.is_none());
        assert!(self.set(&unknown, "theme", "dark").await?.is_none());
        assert_eq!(self.loaded(&unknown.id).await?, "");
        self.store.revoke(&unknown).await?;
        self.assert_over(&unknown).await
    }

    async fn an_expiry_never_moves_back_and_ends_the_session(&self) -> Result<(), StoreError> {
        let ann = self.created("ann").await?;
        let later = ann.expires_at + Duration::from_secs(10);
        let extended = SessionRecord { expires_at: later, ..ann.clone() };
        assert!(self.is_saved(&extended).await?);
        // Of two requests at once, the later one can be the one that was sealed earlier.
        assert!(self.is_saved(&ann).await?);
        let loaded = self.store.load(&ann.id).await?;
        assert_eq!(loaded.map(|ann| ann.expires_at), Some(later));
        self.advance_to(later - Duration::from_secs(1));
        assert!(self.is_saved(&ann).await?);
        assert_ne!(self.loaded(&ann.id).await?, "");
        self.advance_to(later);
        let revived = SessionRecord { expires_at: later + LIFETIME, ..ann.clone() };
        assert!(!self.is_saved(&revived).await?, "it has expired");
        assert_eq!(self.loaded(&ann.id).await?, "");
        assert!(!self.store.create(&self.new_session("ann"), Some(&ann.id)).await?);
        Ok(())
    }

    /// The record can be older than the cookie, after a restore; and the cookie older than the record, if
    /// there are copies.
    async fn a_revocation_is_kept_while_a_cookie_could_be_valid(&self) -> Result<(), StoreError> {
        let (ann, bob, kim) =
            (self.created("ann").await?, self.new_session("bob"), self.created("kim").await?);
        let latest_expiry = ann.expires_at + 2 * LIFETIME;
        let with_latest =
            |session: &SessionRecord| SessionRecord { latest_expiry, ..session.clone() };
        self.store.revoke(&with_latest(&ann)).await?;
        assert!(self.store.create(&with_latest(&bob), None).await?);
        self.store.revoke(&bob).await?;
        assert!(self.is_saved(&with_latest(&kim)).await?);
        self.store.revoke(&kim).await?;
        self.advance_to(ann.expires_at + LIFETIME);
        self.created("eve").await?;
        for session in [&ann, &bob, &kim] {
            assert_eq!(self.status(session), RevocationStatus::Revoked);
        }
        Ok(())
    }

    async fn a_replaced_session_is_refused_while_a_cookie_could_be_valid(
        &self,
    ) -> Result<(), StoreError> {
        let old = self.new_session("ann");
        let old = SessionRecord { latest_expiry: old.expires_at + 2 * LIFETIME, ..old };
        assert!(self.store.create(&old, None).await?);
        assert!(self.store.create(&self.new_session("ann"), Some(&old.id)).await?);
        self.advance_to(old.expires_at + LIFETIME);
        self.created("bob").await?;
        assert_eq!(self.status(&old), RevocationStatus::Revoked);
        Ok(())
    }

    async fn created(&self, user: &str) -> Result<SessionRecord, StoreError> {
        let session = self.new_session(user);
        assert!(self.store.create(&session, None).await?);
        Ok(session)
    }

    fn new_session(&self, user: &str) -> SessionRecord {
        let (id, now) = (SessionId::random(), self.clock.now());
        let state = State::from_value(&json!({ State::USER_ID: user })).unwrap_or_default();
        let expires_at = now + LIFETIME;
        SessionRecord { id, auth_time: now, expires_at, latest_expiry: expires_at, state }
    }

    /// Sets a value in the state that this record has. Returns the state that the store has then.
    async fn set(
        &self,
        session: &SessionRecord,
        key: &str,
        value: &str,
    ) -> Result<Option<String>, StoreError> {
        let one = State::from_value(&json!({ key: value })).unwrap_or_default();
        let changed = StateChanges::between(&State::default(), &one).apply(&session.state);
        let changes = StateChanges::between(&session.state, &changed);
        let kept = self.store.save(session, &changes).await?;
        Ok(kept.map(|state| state.to_json().to_owned()))
    }

    async fn set_owned(
        &self,
        session: &SessionRecord,
        key: String,
        value: &str,
    ) -> Result<Option<String>, StoreError> {
        self.set(session, &key, value).await
    }

    async fn is_saved(&self, session: &SessionRecord) -> Result<bool, StoreError> {
        Ok(self.store.save(session, &StateChanges::NONE).await?.is_some())
    }

    fn status(&self, session: &SessionRecord) -> RevocationStatus {
        self.store.revocation_status(&session.id)
    }

    /// The state of a live session; empty for others.
    async fn loaded(&self, id: &SessionId) -> Result<String, StoreError> {
        let loaded = self.store.load(id).await?;
        Ok(loaded.map(|session| session.state.to_json().to_owned()).unwrap_or_default())
    }

    async fn assert_over(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let status = self.status(session);
        let is_over =
            matches!(status, RevocationStatus::Revoked | RevocationStatus::Replaced { .. });
        assert!(is_over, "{status:?}");
        assert_eq!(self.loaded(&session.id).await?, "");
        assert!(!self.is_saved(session).await?);
        assert!(self.set(session, "theme", "dark").await?.is_none());
        Ok(())
    }

    fn advance_to(&self, then: Timestamp) {
        self.clock.advance(then.since(self.clock.now()));
    }
}

/// Runs futures at once.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in pending.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *output = Some(value);
            }
        }
        match pending.iter().all(|(_, output)| output.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

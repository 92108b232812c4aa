//! The acceptance suite for session stores, yours too.

use std::time::Duration;

use serde_json::json;

use crate::{
    clock::{Clock, Timestamp},
    id::SessionId,
    record::SessionRecord,
    state::State,
    store::{RevocationStatus, SessionStore, StoreError},
};

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
    suite.a_session_is_active_and_keeps_its_state_until_it_is_revoked().await?;
    suite.a_session_is_replaced_once().await?;
    suite.a_session_without_a_record_is_revoked_and_never_created().await?;
    suite.an_expiry_never_moves_back_and_ends_the_session().await
}

struct Suite<'a, S> {
    store: &'a S,
    clock: &'a Clock,
}

impl<S: SessionStore> Suite<'_, S> {
    async fn a_session_is_active_and_keeps_its_state_until_it_is_revoked(
        &self,
    ) -> Result<(), StoreError> {
        let ann = self.created("ann").await?;
        assert_eq!(self.store.revocation_status(&ann.id), RevocationStatus::Active);
        assert_eq!(self.loaded(&ann.id).await?, ann.state.to_json());
        let changed = SessionRecord { state: state("anna"), ..ann.clone() };
        assert!(self.store.save(&changed).await?, "a live session is saved");
        assert_eq!(self.loaded(&ann.id).await?, changed.state.to_json());
        self.store.revoke(&ann).await?;
        self.assert_over(&ann).await?;
        self.store.revoke(&ann).await?;
        self.assert_over(&ann).await
    }

    async fn a_session_is_replaced_once(&self) -> Result<(), StoreError> {
        let (old, new) = (self.created("ann").await?, self.new_session("ann"));
        assert!(self.store.create(&new, Some(&old.id)).await?, "a live session is replaced");
        self.assert_over(&old).await?;
        assert!(!self.store.create(&self.new_session("ann"), Some(&old.id)).await?);
        Ok(())
    }

    /// A cookie can outlive its record: in a database that was restored from a backup, say.
    async fn a_session_without_a_record_is_revoked_and_never_created(
        &self,
    ) -> Result<(), StoreError> {
        let unknown = self.new_session("ann");
        assert_eq!(self.loaded(&unknown.id).await?, "");
        assert!(!self.store.extend(&unknown.id, unknown.expires_at).await?);
        assert!(!self.store.save(&unknown).await?);
        self.store.revoke(&unknown).await?;
        self.assert_over(&unknown).await
    }

    async fn an_expiry_never_moves_back_and_ends_the_session(&self) -> Result<(), StoreError> {
        let ann = self.created("ann").await?;
        let later = ann.expires_at + Duration::from_secs(10);
        assert!(self.store.extend(&ann.id, later).await?);
        // Of two requests at once, the later one can be the one that was sealed earlier.
        assert!(self.store.extend(&ann.id, ann.expires_at).await?);
        assert!(self.store.save(&ann).await?);
        self.advance_to(later - Duration::from_secs(1));
        assert!(self.store.extend(&ann.id, ann.expires_at).await?);
        assert_ne!(self.loaded(&ann.id).await?, "");
        self.advance_to(later);
        assert!(!self.store.extend(&ann.id, later + LIFETIME).await?, "it has expired");
        assert!(!self.store.save(&ann).await?);
        assert_eq!(self.loaded(&ann.id).await?, "");
        assert!(!self.store.create(&self.new_session("ann"), Some(&ann.id)).await?);
        Ok(())
    }

    async fn created(&self, user: &str) -> Result<SessionRecord, StoreError> {
        let session = self.new_session(user);
        assert!(self.store.create(&session, None).await?);
        Ok(session)
    }

    fn new_session(&self, user: &str) -> SessionRecord {
        let (id, now) = (SessionId::random(), self.clock.now());
        let expires_at = now + LIFETIME;
        SessionRecord { id, auth_time: now, expires_at, state: state(user) }
    }

    /// The state of a live session; empty for others.
    async fn loaded(&self, id: &SessionId) -> Result<String, StoreError> {
        Ok(self.store.load(id).await?.map(|state| state.to_json().to_owned()).unwrap_or_default())
    }

    async fn assert_over(&self, session: &SessionRecord) -> Result<(), StoreError> {
        assert_eq!(self.store.revocation_status(&session.id), RevocationStatus::Revoked);
        assert_eq!(self.loaded(&session.id).await?, "");
        assert!(!self.store.extend(&session.id, session.expires_at).await?);
        assert!(!self.store.save(session).await?);
        Ok(())
    }

    fn advance_to(&self, then: Timestamp) {
        self.clock.advance(then.since(self.clock.now()));
    }
}

fn state(user: &str) -> State {
    State::from_value(&json!({ State::USER_ID: user })).unwrap_or_default()
}

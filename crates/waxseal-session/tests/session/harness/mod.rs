//! What every test here starts from: a [`World`] with a clock and a store, a [`Site`] in it,
//! and an [`Answer`] for each request to the site.

mod answer;
mod handlers;
mod probe;
mod site;

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};
use waxseal_session::{
    Clock, Keyring, Secret, SessionId, SessionMiddleware, SessionMiddlewareBuilder, SessionRecord,
    Timestamp, claims::Claims,
};

pub use answer::{Answer, SetCookie};
pub use handlers::handlers;
pub use probe::{Call, Probe};
pub use site::Site;

/// The middleware, to be set up further.
pub type Builder = SessionMiddlewareBuilder<Arc<Probe>>;

/// The name of the cookie, where a test does not say another.
pub const NAME: &str = "__Host-waxseal";
/// The idle timeout of [`World::middleware`]. A quarter of it, 250 s, is the refresh threshold.
pub const IDLE: u64 = 1000;
/// The lifetime of [`World::middleware`].
pub const LIFETIME: u64 = 2500;

/// What outlives the restart of an app: time, the store, the secret.
pub struct World {
    pub clock: Clock,
    pub store: Arc<Probe>,
    pub secret: Secret,
}

impl World {
    pub fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
        let store = Arc::new(Probe::new(clock.clone()));
        Self { clock, store, secret: Secret::generate() }
    }

    /// A middleware in this world, to be set up further.
    pub fn middleware(&self) -> Builder {
        self.middleware_with_keys(Keyring::new(&self.secret))
    }

    pub fn middleware_with_keys(&self, keyring: Keyring) -> Builder {
        SessionMiddleware::builder(Arc::clone(&self.store), keyring)
            .clock(self.clock.clone())
            .idle_timeout(seconds(IDLE))
            .lifetime(seconds(LIFETIME))
    }

    pub async fn site(&self) -> Site {
        self.site_with(|middleware| middleware).await
    }

    pub async fn site_with(&self, set_up: impl FnOnce(Builder) -> Builder) -> Site {
        Site::wrapped(set_up(self.middleware()).build().unwrap(), |routes| {
            handlers(routes, self.clock.clone());
        })
        .await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance(&self, by: u64) {
        self.clock.advance(seconds(by));
    }

    /// What a token says.
    pub fn claims(&self, token: &str) -> Claims {
        let unsealed = Keyring::new(&self.secret).unseal(&purpose(NAME), token).unwrap();
        Claims::from_json(&unsealed.plaintext).unwrap()
    }

    /// The row of a token's session; `None` where the session was ended.
    pub fn row(&self, token: &str) -> Option<SessionRecord> {
        self.store.row(&self.claims(token).sid)
    }

    /// A token with this plaintext, sealed as the session middleware seals.
    pub fn seal(&self, plaintext: impl AsRef<[u8]>) -> String {
        Keyring::new(&self.secret).seal(&purpose(NAME), plaintext.as_ref())
    }

    /// The claims of a live session of Ann's, opened now: a test changes what it wants to be wrong.
    pub fn honest_claims(&self) -> Value {
        self.claims_with(&json!({"user_id": "ann"}))
    }

    /// The claims of a live session with this state, opened now.
    pub fn claims_with(&self, state: &impl Serialize) -> Value {
        let (id, now) = (SessionId::random(), self.now());
        self.store.add(id, now, now + seconds(IDLE), state);
        json!({
            "sid": id.to_string(),
            "auth_time": now.as_unix(),
            "iat": now.as_unix(),
            "exp": (now + seconds(IDLE)).as_unix(),
            "state": state,
        })
    }
}

/// What the tokens of the cookie of this name are sealed for.
pub fn purpose(cookie_name: &str) -> String {
    format!("session:{cookie_name}")
}

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

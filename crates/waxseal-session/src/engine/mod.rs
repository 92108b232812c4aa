//! The engine: what the middleware does with the cookie of a request ([`load`]) and of its response
//! ([`finalize`], with [`log_in`], [`log_out`] and [`late`]), and outside of requests ([`direct`],
//! [`ended`]). [`seal`] makes the tokens.

mod direct;
mod ended;
mod finalize;
mod late;
mod load;
mod log_in;
mod log_out;
mod seal;
mod start;

use std::{fmt, net::IpAddr, sync::Arc};

use actix_web::HttpRequest;
use waxseal_seal::{Keyring, Unsealed};

use crate::{
    claims::Claims,
    clock::Clock,
    cookie::{CookieLookup, CookieSettings, find},
    expiry::ExpiryPolicy,
    id::SessionId,
    mode::Mode,
    rejection::Rejection,
    state::State,
    store::{RevocationStatus, SessionStore},
};

pub use direct::OpenedSession;
pub(crate) use ended::SessionEnd;
pub(crate) use finalize::{Finalized, Outgoing};
pub(crate) use load::Loaded;

/// Finds the address that a request comes from.
pub(crate) type ClientAddress = Arc<dyn Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync>;

/// Tells requests that don't count as activity.
pub(crate) type NoRefresh = Arc<dyn Fn(&HttpRequest) -> bool + Send + Sync>;

/// What the middleware works with.
pub(crate) struct SessionEngine<S> {
    pub(crate) store: Arc<S>,
    pub(crate) settings: Settings,
}

impl<S: SessionStore> SessionEngine<S> {
    /// Whether the session of a token may be used, as far as its store knows.
    fn revocation_status(&self, claims: &Claims) -> RevocationStatus {
        match claims.auth_time < self.store.valid_since() {
            true => RevocationStatus::Revoked,
            false => self.store.revocation_status(&claims.sid),
        }
    }
}

/// The middleware's settings.
pub(crate) struct Settings {
    pub(crate) keyring: Keyring,
    pub(crate) cookie: CookieSettings,
    /// The purpose that session tokens are sealed for.
    pub(crate) purpose: String,
    pub(crate) policy: ExpiryPolicy,
    pub(crate) browser_session: bool,
    pub(crate) mode: Mode,
    pub(crate) clock: Clock,
    pub(crate) client_address: ClientAddress,
    pub(crate) no_refresh: NoRefresh,
    pub(crate) actix_session: bool,
    pub(crate) bearer_tokens: bool,
}

impl Settings {
    /// Who the session cookie of a request belongs to, if it unseals.
    pub(crate) fn subject(&self, request: &HttpRequest) -> Option<TokenSubject> {
        let CookieLookup::One(token) = find(request.headers(), &self.cookie.name) else {
            return None;
        };
        Some(TokenSubject::of(&self.unseal(token).ok()?.claims))
    }

    /// Unseals a token and reads its claims.
    fn unseal(&self, token: &[u8]) -> Result<UnsealedClaims, Rejection> {
        let Unsealed { plaintext, by_fallback, .. } =
            self.keyring.unseal(&self.purpose, token).map_err(|error| error.reason())?;
        let claims = Claims::from_token(&plaintext).map_err(|_| Rejection::NotASession)?;
        Ok(UnsealedClaims { claims, by_fallback })
    }
}

/// The claims of a token that was unsealed.
struct UnsealedClaims {
    claims: Claims,
    /// A fallback key sealed it.
    by_fallback: bool,
}

/// Who a sealed cookie belongs to. It does not say that the session is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSubject {
    /// The session.
    pub session: SessionId,
    /// The user's id, if the cookie holds one: the state's value under [`State::USER_ID`].
    pub user: Option<String>,
}

impl TokenSubject {
    fn of(claims: &Claims) -> Self {
        let user = claims.state.as_ref().and_then(State::user_id);
        Self { session: claims.sid, user }
    }
}

impl fmt::Display for TokenSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "user {}, ", user.escape_default())?;
        }
        write!(f, "session {}", self.session)
    }
}

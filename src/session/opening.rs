//! A request comes in: its cookie is found, unsealed and judged, and the session refreshed if it is
//! due.

use actix_web::http::header::HeaderMap;

use super::{
    cookie::{Found, find},
    current::Live,
    envelope::{Claims, Untimely},
    error::SessionError,
    record::SessionRecord,
    registry::{Registry, Standing},
    settings::{Mode, Settings},
};
use crate::{
    causes::Causes,
    clock::Timestamp,
    seal::{Rejection, Unsealed},
    telemetry::{self, CookieRejection},
};

/// Whom a request came from.
pub(super) struct Visit {
    pub(super) live: Option<Live>,
    /// There was a cookie, but it is worth nothing: it is to be cleared.
    pub(super) rejected: bool,
}

impl<R: Registry> Settings<R> {
    /// Finds and opens the session of a request.
    pub(super) async fn arrive(&self, headers: &HeaderMap) -> Result<Visit, SessionError> {
        let opened = match find(headers, &self.cookie.name) {
            Found::None => return Ok(Visit { live: None, rejected: false }),
            Found::Several => Err(Refusal::Several),
            Found::One(token) => self.admit(token).await,
        };
        match opened {
            Ok(live) => Ok(Visit { live: Some(live), rejected: false }),
            Err(Refusal::Fault(error)) => Err(error),
            Err(refusal) => {
                log::info!("a session cookie was rejected: {refusal}");
                refusal.count();
                Ok(Visit { live: None, rejected: true })
            }
        }
    }

    /// Opens a token, and refreshes the session where that is due.
    async fn admit(&self, token: &[u8]) -> Result<Live, Refusal> {
        let Unsealed { plaintext, by_fallback, .. } =
            self.keyring.unseal(&self.purpose, token).map_err(|error| error.reason())?;
        let claims = Claims::from_json(&plaintext).map_err(|_| Refusal::NotASession)?;
        let now = self.clock.now();
        claims.check_times(now)?;
        match self.registry.standing(&claims.sid) {
            Standing::Live => {}
            Standing::Revoked => return Err(Refusal::Revoked),
            Standing::Unknown => return Err(SessionError::Stale.into()),
        }
        let from_row = claims.state.is_none();
        let record = self.record(claims).await?;
        let other_kind = match self.mode {
            Mode::Database => !from_row,
            // What no cookie can hold stays in its row, also in cookie mode.
            Mode::Cookie => from_row && self.seal(&record, Mode::Cookie).is_ok(),
        };
        let mut live = Live { record, seal: false, from_row };
        self.refresh(&mut live, by_fallback || other_kind, now).await?;
        self.registry.seen(&live.record.id);
        Ok(live)
    }

    /// The session that a token's claims speak of, with its state.
    async fn record(&self, claims: Claims) -> Result<SessionRecord, Refusal> {
        let Claims { sid: id, auth_time, exp: expires_at, .. } = claims;
        let state = match claims.state.filter(|_| self.mode == Mode::Cookie) {
            Some(state) => state,
            None => {
                let row = self.registry.load(&id).await.map_err(SessionError::from)?;
                row.ok_or(Refusal::Gone)?
            }
        };
        Ok(SessionRecord { id, auth_time, expires_at, state })
    }

    /// Moves the session's expiry, if it is due or the token has to be sealed anew anyway.
    async fn refresh(&self, live: &mut Live, reseal: bool, now: Timestamp) -> Result<(), Refusal> {
        let expires_at = self.later_expiry(&live.record, now);
        let due = self.lifetimes.is_due(live.record.expires_at, now)
            && expires_at > live.record.expires_at;
        if !due && !reseal {
            return Ok(());
        }
        match self.registry.refresh(&live.record.id, expires_at).await {
            Ok(true) => {
                live.record.expires_at = expires_at;
                live.seal = true;
                telemetry::session_refreshed();
                Ok(())
            }
            Ok(false) => Err(Refusal::Gone),
            Err(error) => {
                log::warn!("a session was not refreshed: {}", Causes(&error));
                Ok(())
            }
        }
    }
}

/// Why a cookie opened no session.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there are several of that name")]
    Several,
    #[error("{0}")]
    Unsealable(#[from] Rejection),
    #[error("its claims are not a session's")]
    NotASession,
    #[error("{0}")]
    Untimely(#[from] Untimely),
    #[error("revoked")]
    Revoked,
    #[error("its row is gone")]
    Gone,
    #[error("{0}")]
    Fault(#[from] SessionError),
}

impl Refusal {
    fn count(&self) {
        telemetry::cookie_rejected(match self {
            Self::Several => CookieRejection::Several,
            Self::Unsealable(Rejection::Malformed) => CookieRejection::Malformed,
            Self::Unsealable(Rejection::UnknownKey) => CookieRejection::UnknownKey,
            Self::Unsealable(Rejection::Forged) => CookieRejection::Forged,
            Self::NotASession => CookieRejection::NotASession,
            Self::Untimely(Untimely::Expired) => CookieRejection::Expired,
            Self::Untimely(Untimely::FromTheFuture) => CookieRejection::SealedInTheFuture,
            Self::Revoked => CookieRejection::Revoked,
            Self::Gone => CookieRejection::Gone,
            // The cookie may be as good as any.
            Self::Fault(_) => return,
        });
    }
}

//! What has become of a session since its request came in, as far as this node knows.

use super::{Outgoing, SessionEngine};
use crate::{
    id::SessionId,
    node_memory::NODE,
    request_session::{ActiveSession, RejectedCookie},
    state::State,
    store::{RevocationStatus, SessionStore},
};

impl<S: SessionStore> SessionEngine<S> {
    /// A rejected cookie as it stands now: someone may have logged in since, perhaps in another tab.
    pub(super) fn as_of_now(&self, rejected: RejectedCookie) -> RejectedCookie {
        let successor = match rejected {
            RejectedCookie::Over(Some(cookie)) => NODE.successor(cookie, self.settings.clock.now()),
            _ => None,
        };
        successor.map_or(rejected, |by| RejectedCookie::Replaced { by })
    }

    pub(super) fn clear(&self, rejected: Option<RejectedCookie>) -> Outgoing {
        match rejected {
            None | Some(RejectedCookie::Replaced { .. }) => Outgoing::Nothing,
            Some(RejectedCookie::Over(_) | RejectedCookie::Several) => Outgoing::Clear,
        }
    }

    pub(super) fn is_live(&self, id: &SessionId) -> bool {
        let status = self.store.revocation_status(id);
        matches!(status, RevocationStatus::Active | RevocationStatus::Unknown)
    }

    /// The session that took this one's place within the last minute.
    pub(super) fn successor(&self, id: &SessionId) -> Option<SessionId> {
        match self.store.revocation_status(id) {
            RevocationStatus::Replaced { by } => Some(by),
            RevocationStatus::Revoked => {
                NODE.successor(NODE.of_session(id), self.settings.clock.now())
            }
            RevocationStatus::Active | RevocationStatus::Unknown => None,
        }
    }

    pub(super) fn remember_state(&self, id: &SessionId, state: &State) {
        if self.store.keeps_records() {
            NODE.remember_state(id, state);
        }
    }

    pub(super) fn remember_successor(&self, rejected: Option<RejectedCookie>, new: &ActiveSession) {
        if let Some(RejectedCookie::Over(Some(cookie))) = rejected {
            NODE.remember_successor(cookie, new.record.id, self.settings.clock.now());
        }
    }
}

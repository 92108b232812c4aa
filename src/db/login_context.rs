//! The client, session and form that a log-in comes from.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use waxseal_session::SessionId;
use waxseal_session_sqlx::Client;

use crate::domain::{ChangeEmailLink, FormId, PasswordHash, UserId};

/// The client, session and form that a sign-up, a log-in or a password comes from.
#[derive(Debug, Clone, Default)]
pub struct LoginContext {
    /// The client.
    pub client: Client,
    /// The client's current session, which ends when a new one is opened.
    pub replaces: Option<SessionId>,
    /// The form that was sent, if it has an id.
    pub form: Option<FormId>,
}

impl LoginContext {
    /// The id of the session that this form opens for this user: the same one if it is sent again, so that
    /// a double click opens one session, whichever node each request reaches. `None` for a form without
    /// an id.
    ///
    /// The client is part of it: a session has one client, the one that its row and the user's list name.
    pub fn session_id(&self, user: UserId) -> Option<SessionId> {
        let digest = Sha256::new()
            .chain_update(format!("waxseal form {} of user {user} from ", self.form?))
            .chain_update(&self.client.address)
            .chain_update([0])
            .chain_update(&self.client.user_agent);
        session_id(digest)
    }
}

/// The id of the session that a user's change of password to this hash opens. The hash has a salt of its own,
/// so each change has another id. A repeat can tell by it, on any node, that this change came before it, and
/// not another log-in.
pub fn changed_session_id(user: UserId, hash: &PasswordHash) -> Option<SessionId> {
    let digest = Sha256::new()
        .chain_update(format!("waxseal change of password of user {user} to "))
        .chain_update(hash.as_phc());
    session_id(digest)
}

/// The id of the session that a link opens which changes an address. Each link changes it once at most, so each
/// change has another id, and a repeat can tell by it that this link came before it.
pub fn email_session_id(link: &ChangeEmailLink) -> Option<SessionId> {
    let ChangeEmailLink { user, old, new, version, .. } = link;
    let change = format!("waxseal change of address of user {user} from {old} to {new}, {version}");
    session_id(Sha256::new().chain_update(change))
}

fn session_id(digest: Sha256) -> Option<SessionId> {
    let digest = digest.finalize();
    let id = digest.get(..SessionId::BYTES)?;
    BASE64_URL_SAFE_NO_PAD.encode(id).parse().ok()
}

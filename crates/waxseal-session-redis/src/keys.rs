//! The names of the keys.

use waxseal_session::SessionId;

use crate::error::RedisStoreError;

/// The keys of a store. They share a hash tag, so that a cluster keeps all of them in one slot: scripts
/// that change several keys at once need that.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
    /// The set of revocations: session ids, and until when they could be valid.
    pub(crate) revoked: String,
    /// The stream of revocations.
    pub(crate) revocations: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Result<Self, RedisStoreError> {
        if prefix.is_empty() || prefix.contains(['{', '}']) {
            return Err(RedisStoreError::InvalidPrefix(prefix.to_owned()));
        }
        let prefix = format!("{{{prefix}}}");
        let (revoked, revocations) = (format!("{prefix}:revoked"), format!("{prefix}:revocations"));
        Ok(Self { prefix, revoked, revocations })
    }

    /// A session's record.
    pub(crate) fn session(&self, id: &SessionId) -> String {
        format!("{}:session:{id}", self.prefix)
    }

    /// The sessions of a user.
    pub(crate) fn user(&self, user_id: &str) -> String {
        format!("{}:user:{user_id}", self.prefix)
    }
}

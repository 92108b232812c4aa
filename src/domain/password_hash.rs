//! Password hashes.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A password hash: a PHC string with algorithm, parameters and salt. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string without parsing it; verifying a password does that.
    pub fn from_phc(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The PHC string.
    pub fn as_phc(&self) -> &str {
        &self.0
    }

    /// A digest of the PHC string. Each hash has a salt of its own, so no two have the same.
    pub fn digest(&self) -> HashDigest {
        let digest = Sha256::digest(&self.0);
        HashDigest(
            BASE64_URL_SAFE_NO_PAD.encode(digest.get(..HashDigest::BYTES).unwrap_or(&digest)),
        )
    }
}

/// What a link names a password hash by: it is used up when the password changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashDigest(String);

impl HashDigest {
    /// The first half of SHA-256.
    const BYTES: usize = 16;
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

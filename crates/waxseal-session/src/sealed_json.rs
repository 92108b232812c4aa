//! Sealed JSON beside the session: the counterpart of iron-session's `sealData` and `unsealData`.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use waxseal_seal::Keyring;

use crate::clock::{Clock, Timestamp};

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    exp: Timestamp,
    data: T,
}

/// Seals a value for one purpose and for a time: for a form, a link, another cookie.
///
/// The token can't be read or changed without the key. It is no session's token and can't be used as one.
/// It can be used more than once until it expires.
///
/// ```
/// use std::time::Duration;
/// use waxseal_session::{Clock, Keyring, Secret, seal_json, unseal_json};
///
/// let (keyring, clock) = (Keyring::new(&Secret::generate()), Clock::system());
/// let hour = Duration::from_secs(3600);
/// let token = seal_json(&keyring, "invitation", &"ann@example.com", hour, &clock)?;
///
/// let address: String = unseal_json(&keyring, "invitation", &token, &clock)?;
/// assert_eq!(address, "ann@example.com");
/// assert!(unseal_json::<String>(&keyring, "other", &token, &clock).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the value can't be serialized.
pub fn seal_json<T: Serialize>(
    keyring: &Keyring,
    purpose: &str,
    value: &T,
    ttl: Duration,
    clock: &Clock,
) -> Result<String, serde_json::Error> {
    let json = serde_json::to_vec(&Sealed { exp: clock.now() + ttl, data: value })?;
    Ok(keyring.seal(&full_purpose(purpose), &json))
}

/// Unseals a value that [`seal_json`] sealed for this purpose.
///
/// # Errors
///
/// When the token was not sealed for this purpose with a key of this keyring, has expired, or holds
/// another type.
pub fn unseal_json<T: DeserializeOwned>(
    keyring: &Keyring,
    purpose: &str,
    token: &str,
    clock: &Clock,
) -> Result<T, UnsealJsonError> {
    let unsealed = keyring.unseal(&full_purpose(purpose), token)?;
    let Sealed { exp, data } = serde_json::from_slice(&unsealed.plaintext)?;
    if clock.now() >= exp { Err(UnsealJsonError::Expired) } else { Ok(data) }
}

/// Apart from sessions (`session:`) and links (`link:`).
fn full_purpose(purpose: &str) -> String {
    format!("json:{purpose}")
}

/// Why a value could not be unsealed.
#[derive(Debug, thiserror::Error)]
pub enum UnsealJsonError {
    /// The token was not sealed for this purpose with one of these keys.
    #[error(transparent)]
    Token(#[from] waxseal_seal::UnsealError),
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The value has another type.
    #[error("the token holds another type")]
    Type(#[from] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use waxseal_seal::Secret;

    use super::*;

    #[test]
    fn a_value_is_there_until_its_time_is_over_and_for_its_type_and_purpose_only() {
        let clock = Clock::manual(Timestamp::from_unix(1000));
        let keyring = Keyring::new(&Secret::generate());
        let hour = Duration::from_secs(3600);
        let token = seal_json(&keyring, "invitation", &("ann", 7), hour, &clock).unwrap();
        let read = || unseal_json::<(String, u8)>(&keyring, "invitation", &token, &clock);
        clock.advance(hour - Duration::from_secs(1));
        assert_eq!(read().unwrap(), ("ann".to_owned(), 7));
        let other = unseal_json::<u8>(&keyring, "invitation", &token, &clock);
        assert!(matches!(other, Err(UnsealJsonError::Type(_))));
        clock.advance(Duration::from_secs(1));
        assert!(matches!(read(), Err(UnsealJsonError::Expired)));
        // A session's token is no such value, and the other way around.
        for (purpose, sealed_for) in [("invitation", "session:invitation"), ("x", "json:y")] {
            let token = keyring.seal(sealed_for, br#"{"exp":253402300799,"data":1}"#);
            let read = unseal_json::<u8>(&keyring, purpose, &token, &clock);
            assert!(matches!(read, Err(UnsealJsonError::Token(_))));
        }
        assert!(keyring.unseal("invitation", &token).is_err());
    }
}

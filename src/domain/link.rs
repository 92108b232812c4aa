//! The links in mails: sealed, and single-use without a table of tokens. Each names what its act changes, so
//! the act itself uses it up.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use waxseal_session::{Clock, Keyring, Timestamp};

use super::{
    email::Email,
    password_hash::HashDigest,
    user::{Role, UserId},
};

/// A sealed link: `PUBLIC_URL` ‖ path ‖ `?t=` ‖ token. The token is in the query because access logs leave
/// queries out.
pub trait Link: Serialize + DeserializeOwned {
    /// Its purpose is `link:` ‖ this.
    const KIND: &'static str;
    /// The page that it opens.
    const PATH: &'static str;
    /// How long it is valid.
    const VALIDITY: Duration;

    /// Seals it.
    ///
    /// # Errors
    ///
    /// When it can't be serialized.
    fn seal(&self, keyring: &Keyring, clock: &Clock) -> Result<String, serde_json::Error> {
        let iat = clock.now();
        let sealed = Sealed { iat, exp: iat + Self::VALIDITY, link: self };
        Ok(keyring.seal(&purpose::<Self>(), &serde_json::to_vec(&sealed)?))
    }

    /// Unseals a token; `None` if it is no link of this kind, or its time is over.
    fn unseal(token: &str, keyring: &Keyring, clock: &Clock) -> Option<Self> {
        let unsealed = keyring.unseal(&purpose::<Self>(), token).ok()?;
        let sealed: Sealed<Self> = serde_json::from_slice(&unsealed.plaintext).ok()?;
        (clock.now() < sealed.exp).then_some(sealed.link)
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    iat: Timestamp,
    exp: Timestamp,
    #[serde(flatten)]
    link: T,
}

fn purpose<L: Link>() -> String {
    format!("link:{}", L::KIND)
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Chooses a new password. Used up when the password or the address changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetLink {
    /// The user.
    pub user: UserId,
    /// The address that it was sent to.
    pub email: Email,
    /// The password to replace.
    pub password: HashDigest,
}

/// Confirms an address. Used up when it is confirmed, or changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmLink {
    /// The user.
    pub user: UserId,
    /// The address that it was sent to.
    pub email: Email,
}

/// Changes an address. Used up when the address or the password changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEmailLink {
    /// The user.
    pub user: UserId,
    /// The address so far.
    pub old: Email,
    /// The new address, that it was sent to.
    pub new: Email,
    /// The number of changes so far: the old address can come back.
    pub version: i64,
    /// The password.
    pub password: HashDigest,
}

/// Undoes a change of address. Used up by it, and by another change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoEmailLink {
    /// The user.
    pub user: UserId,
    /// The address before, that it was sent to.
    pub old: Email,
    /// The address after the change.
    pub new: Email,
    /// The number of changes then.
    pub version: i64,
}

/// Signs up where sign-up is closed. Used up by that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationLink {
    /// The id of the mail: it is stored once the link was used, since nothing else would tell.
    pub id: String,
    /// The address that it was sent to.
    pub email: Email,
    /// The role of the account.
    pub role: Role,
    /// When it was asked for: it is withdrawn with others that were asked for before.
    pub asked_at: Timestamp,
}

impl Link for ResetLink {
    const KIND: &'static str = "reset";
    const PATH: &'static str = "/reset";
    /// NIST SP 800-63B-4, section 4.2.1.2, allows 24 hours.
    const VALIDITY: Duration = Duration::from_secs(60 * MINUTE.as_secs());
}

impl Link for ConfirmLink {
    const KIND: &'static str = "confirm";
    const PATH: &'static str = "/confirm-email";
    const VALIDITY: Duration = Duration::from_secs(3 * DAY.as_secs());
}

impl Link for ChangeEmailLink {
    const KIND: &'static str = "change-email";
    const PATH: &'static str = "/confirm-email";
    const VALIDITY: Duration = DAY;
}

impl Link for UndoEmailLink {
    const KIND: &'static str = "undo-email";
    const PATH: &'static str = "/undo-email";
    const VALIDITY: Duration = Duration::from_secs(7 * DAY.as_secs());
}

impl Link for InvitationLink {
    const KIND: &'static str = "invitation";
    const PATH: &'static str = "/signup";
    const VALIDITY: Duration = Duration::from_secs(7 * DAY.as_secs());
}

#[cfg(test)]
mod tests {
    use waxseal_session::Secret;

    use super::*;

    fn confirm() -> ConfirmLink {
        ConfirmLink { user: UserId::random(), email: "ann@example.com".parse().unwrap() }
    }

    #[test]
    fn a_link_is_there_until_its_time_is_over_and_of_one_kind_only() {
        let clock = Clock::manual(Timestamp::from_unix(1000));
        let keyring = Keyring::new(&Secret::generate());
        let link = confirm();
        let token = link.seal(&keyring, &clock).unwrap();
        clock.advance(ConfirmLink::VALIDITY - Duration::from_secs(1));
        assert_eq!(ConfirmLink::unseal(&token, &keyring, &clock), Some(link));
        assert_eq!(ResetLink::unseal(&token, &keyring, &clock), None);
        let other = Keyring::new(&Secret::generate());
        assert_eq!(ConfirmLink::unseal(&token, &other, &clock), None);
        clock.advance(Duration::from_secs(1));
        assert_eq!(ConfirmLink::unseal(&token, &keyring, &clock), None);
    }

    #[test]
    fn a_link_is_sealed_for_its_kind_with_the_standard_names() {
        let clock = Clock::manual(Timestamp::from_unix(1000));
        let keyring = Keyring::new(&Secret::generate());
        let link = confirm();
        let token = link.seal(&keyring, &clock).unwrap();
        let plaintext = keyring.unseal("link:confirm", &token).unwrap().plaintext;
        let json: serde_json::Value = serde_json::from_slice(&plaintext).unwrap();
        let (user, email) = (link.user, link.email);
        let expected = serde_json::json!(
            { "iat": 1000, "exp": 1000 + 3 * 86_400, "user": user, "email": email }
        );
        assert_eq!(json, expected);
    }
}

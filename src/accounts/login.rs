//! Signing up and logging in.

use std::sync::Arc;

use super::{
    email::Email,
    error::AccountsError,
    hashing::Hashing,
    password::{Password, PasswordPolicy, UnfitPassword},
    user::{Identity, Role, User, UserId},
};
use crate::{
    clock::Clock,
    session::{Lifetimes, SessionId, SessionRecord},
    storage::{Client, Health, NewLogin, NewUser, SessionStore, Storage, StorageError, UserRow},
    telemetry,
};

/// How often a password is verified that was right, when the hash has changed by then. Another
/// log-in at the same time may have brought an old one up to date: then it is right once more. Only
/// a new password makes it wrong.
pub(super) const HASH_ATTEMPTS: usize = 2;

/// The accounts: sign-up, log-in, and who is who.
pub struct Accounts {
    /// Where users are kept.
    pub storage: Storage,
    /// Where sessions are kept.
    pub sessions: Arc<SessionStore>,
    /// How passwords are hashed.
    pub hashing: Hashing,
    /// What new passwords have to be.
    pub policy: PasswordPolicy,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// Where the time comes from.
    pub clock: Clock,
}

/// Where a sign-up or log-in comes from.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// The browser.
    pub client: Client,
    /// The session it had until now; it ends when another is opened.
    pub replaces: Option<SessionId>,
}

/// How a sign-up ended.
#[derive(Debug)]
pub enum SignUp {
    /// The account is there, and its first session is open.
    Done(SessionRecord),
    /// Somebody has an account with this address.
    EmailTaken,
    /// The password is not fit to be one.
    Unfit(UnfitPassword),
}

/// How a log-in ended.
#[derive(Debug)]
pub enum LogIn {
    /// The session is open.
    Granted(SessionRecord),
    /// No account with this address and this password.
    Refused,
}

impl Accounts {
    /// Makes an account and logs its person in.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; no account was made then.
    pub async fn sign_up(
        &self,
        email: &Email,
        password: &Password,
        arrival: &Arrival,
    ) -> Result<SignUp, AccountsError> {
        if self.storage.user_by_email(email.as_str()).await?.is_some() {
            return Ok(SignUp::EmailTaken);
        }
        if let Err(unfit) = self.judge(password, email).await? {
            return Ok(SignUp::Unfit(unfit));
        }
        let hash = self.hashing.hash(password).await?;
        let (id, role) = (UserId::random(), Role::User);
        let session = self.new_session(id, role)?;
        let id = id.to_string();
        let Arrival { client, replaces } = arrival;
        let user =
            NewUser { id: &id, email: email.as_str(), password_hash: &hash, role: role.as_str() };
        let first = Some((&session, client));
        let added = self.sessions.sign_up(user, first, replaces.as_ref()).await?;
        if !added {
            return Ok(SignUp::EmailTaken);
        }
        telemetry::signed_up();
        log::info!("signed up: user {id} from {}", client.address);
        Ok(SignUp::Done(session))
    }

    /// Logs somebody in. Whether the address is unknown or the password wrong makes no difference,
    /// neither in what is answered nor in what is done for it.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; nobody is logged in then.
    pub async fn log_in(
        &self,
        email: &Email,
        password: &Password,
        arrival: &Arrival,
    ) -> Result<LogIn, AccountsError> {
        let mut row = None;
        for _attempt in 0..HASH_ATTEMPTS {
            row = self.storage.user_by_email(email.as_str()).await?;
            let hash = row.as_ref().map(|row| row.password_hash.as_str());
            let kept = self.hashing.verify(password, hash).await?;
            let (Some(row), Some(kept)) = (&row, &kept) else { break };
            if let Some(session) = self.open(row, kept, arrival).await? {
                telemetry::login_granted();
                log::info!("logged in: user {} from {}", row.id, arrival.client.address);
                return Ok(LogIn::Granted(session));
            }
        }
        let id = row.as_ref().map(|row| row.id.as_str());
        self.storage.record_refusal(id, &arrival.client, self.clock.now()).await?;
        telemetry::login_refused();
        let who = id.map_or("unknown address".to_owned(), |id| format!("user {id}"));
        log::info!("log-in refused: {who} from {}", arrival.client.address);
        Ok(LogIn::Refused)
    }

    /// Whether this node can do its work.
    pub fn health(&self) -> Health {
        self.sessions.health()
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, AccountsError> {
        self.storage.user_by_id(&id.to_string()).await?.map(User::try_from).transpose()
    }

    /// Opens the session of somebody whose password was verified against the row's hash. `None`
    /// when that is not the password any more.
    async fn open(
        &self,
        row: &UserRow,
        password_hash: &str,
        arrival: &Arrival,
    ) -> Result<Option<SessionRecord>, AccountsError> {
        let login = NewLogin {
            user_id: &row.id,
            verified_hash: &row.password_hash,
            password_hash,
            replaces: arrival.replaces.as_ref(),
            client: &arrival.client,
        };
        self.sessions
            .open_login(login, |role| {
                let role = role.parse().map_err(|_| StorageError::Corrupt("role"))?;
                let id = row.id.parse().map_err(|_| StorageError::Corrupt("user id"))?;
                self.new_session(id, role)
            })
            .await
    }

    /// Judges a new password, off the async threads.
    pub(super) async fn judge(
        &self,
        password: &Password,
        email: &Email,
    ) -> Result<Result<(), UnfitPassword>, AccountsError> {
        let (policy, password, email) = (self.policy, password.clone(), email.clone());
        Ok(self.hashing.run(move || policy.judge(&password, &email)).await?)
    }

    fn new_session(&self, user_id: UserId, role: Role) -> Result<SessionRecord, AccountsError> {
        let state = Identity { user_id, role }.state()?;
        Ok(SessionRecord::open(&self.lifetimes, self.clock.now(), state))
    }
}

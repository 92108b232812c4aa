//! The state of the session as a type of the app.

use std::{
    fmt,
    future::{Ready, ready},
    marker::PhantomData,
};

use actix_session::SessionStatus;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    error::SessionError,
    field_names::field_names,
    request_session::{HandlersView, RequestSession},
    state::{InvalidState, State},
    state_changes::StateChanges,
};

/// The state of the session as a type of the app, as iron-session has it.
///
/// `T` is a struct that serializes to a JSON object: its fields are keys of the state, the same that
/// actix's [`Session`](actix_session::Session) has. Other keys are left alone, so an app can have several
/// types side by side. The state is parsed when a handler asks for it, and kept when it has changed.
///
/// An app that uses no [`Session`](actix_session::Session) turns the map behind it off, and pays less:
/// [`actix_session(false)`](crate::SessionMiddlewareBuilder::actix_session).
///
/// ```
/// use actix_web::{HttpResponse, Responder, web};
/// use serde::{Deserialize, Serialize};
/// use waxseal_session::{SessionError, TypedSession};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct User {
///     user_id: String,
///     visits: u64,
/// }
///
/// async fn log_in(session: TypedSession<User>) -> Result<impl Responder, SessionError> {
///     session.renew();
///     session.set(&User { user_id: "ann".to_owned(), visits: 0 })?;
///     session.flash("info", "Welcome back.")?;
///     Ok(web::Redirect::to("/").see_other())
/// }
///
/// async fn home(session: TypedSession<User>) -> Result<impl Responder, SessionError> {
///     let Some(user) = session.get()? else { return Ok(HttpResponse::Unauthorized().finish()) };
///     session.update(|user| user.visits += 1)?;
///     Ok(HttpResponse::Ok().body(format!("{}: {:?}", user.user_id, session.take_flashes()?)))
/// }
///
/// async fn log_out(session: TypedSession<User>) -> impl Responder {
///     session.destroy();
///     web::Redirect::to("/").see_other()
/// }
/// # actix_web::web::to(log_in); actix_web::web::to(home); actix_web::web::to(log_out);
/// ```
pub struct TypedSession<T> {
    shared: RequestSession,
    state: PhantomData<T>,
}

/// A message for the page that the person sees next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// What kind of message it is, in the app's words: `info`, `error`.
    pub level: String,
    /// The text.
    pub text: String,
}

/// The key of the state that holds the flash messages.
const FLASHES: &str = "_flashes";

#[derive(Default, Serialize, Deserialize)]
struct Flashes {
    #[serde(rename = "_flashes", default, skip_serializing_if = "Vec::is_empty")]
    flashes: Vec<Flash>,
}

impl<T: Serialize + DeserializeOwned> TypedSession<T> {
    /// The session of this request.
    ///
    /// # Errors
    ///
    /// When no [`SessionMiddleware`](crate::SessionMiddleware) wraps the handler.
    pub fn of(request: &HttpRequest) -> Result<Self, SessionError> {
        let shared = RequestSession::of(request).ok_or(SessionError::NoMiddleware)?;
        shared.was_read.set(true);
        Ok(Self { shared, state: PhantomData })
    }

    /// Reads the state. `None` if it has none of the type's fields: there is no session, or another type's.
    ///
    /// # Errors
    ///
    /// When the state is not a `T`.
    pub fn get(&self) -> Result<Option<T>, SessionError> {
        self.shared.with_state(|state| {
            let is_other_type_s = || has_none_of(field_names::<T>(), state);
            match serde_json::from_str(state.to_json()) {
                // A type whose fields are all optional reads from any state.
                Ok(_) if serde_json::from_str::<T>("{}").is_ok() && is_other_type_s() => Ok(None),
                Ok(value) => Ok(Some(value)),
                Err(_) if is_other_type_s() => Ok(None),
                Err(error) => Err(InvalidState::from(error).into()),
            }
        })
    }

    /// Writes the state.
    ///
    /// # Errors
    ///
    /// When `T` does not serialize to a JSON object.
    pub fn set(&self, value: &T) -> Result<(), SessionError> {
        // Only this type's keys change.
        let before = match self.get() {
            Ok(Some(before)) => State::from_value(&before)?,
            _ => State::default(),
        };
        self.change(&StateChanges::between_values(&before, &State::from_value(value)?));
        Ok(())
    }

    /// Changes the state; where there is none, it starts from the default.
    ///
    /// Two requests at once that change the same field: the last one wins.
    ///
    /// # Errors
    ///
    /// When the state is not a `T`, or `T` does not serialize to a JSON object.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R, SessionError>
    where
        T: Default,
    {
        let mut value = self.get()?.unwrap_or_default();
        let result = change(&mut value);
        self.set(&value)?;
        Ok(result)
    }

    /// Ends the session and opens another with the same state: call it whenever someone gains rights.
    /// At a log-in call [`clear`](Self::clear) first if the state that was there may be another
    /// person's.
    pub fn renew(&self) {
        self.shared.handlers.renew();
    }

    /// Empties the state.
    pub fn clear(&self) {
        self.shared.replace_state(State::default());
    }

    /// Ends the session: log-out. What is written after it is lost.
    pub fn destroy(&self) {
        self.shared.handlers.purge();
    }

    /// Leaves a message for the page that the person sees next. It opens a session for a visitor who has
    /// none.
    ///
    /// # Errors
    ///
    /// When the messages in the state can't be read.
    pub fn flash(
        &self,
        level: impl Into<String>,
        text: impl Into<String>,
    ) -> Result<(), SessionError> {
        let before = self.flashes()?;
        let mut after = Flashes { flashes: before.flashes.clone() };
        after.flashes.push(Flash { level: level.into(), text: text.into() });
        self.set_flashes(&before, &after)
    }

    /// Takes the messages: the next call finds none.
    ///
    /// # Errors
    ///
    /// When the messages in the state can't be read.
    pub fn take_flashes(&self) -> Result<Vec<Flash>, SessionError> {
        let flashes = self.flashes()?;
        if !flashes.flashes.is_empty() {
            self.set_flashes(&flashes, &Flashes::default())?;
        }
        Ok(flashes.flashes)
    }

    fn flashes(&self) -> Result<Flashes, SessionError> {
        self.shared.with_state(|state| match state.to_json().contains(FLASHES) {
            true => Ok(serde_json::from_str(state.to_json()).map_err(InvalidState::from)?),
            false => Ok(Flashes::default()),
        })
    }

    fn set_flashes(&self, before: &Flashes, after: &Flashes) -> Result<(), SessionError> {
        let (before, after) = (State::from_value(before)?, State::from_value(after)?);
        self.change(&StateChanges::between(&before, &after));
        Ok(())
    }

    fn change(&self, changes: &StateChanges) {
        let changed = self.shared.with_state(|state| changes.apply(state));
        self.shared.replace_state(changed);
    }
}

/// Whether the state has none of these keys; of any keys but the messages', if it is unknown which they
/// are.
fn has_none_of(names: Option<&[&str]>, state: &State) -> bool {
    state.all_keys(|key| match names {
        Some(names) => !names.contains(&key),
        None => key == FLASHES,
    })
}

impl<T: Serialize + DeserializeOwned> FromRequest for TypedSession<T> {
    type Error = SessionError;
    type Future = Ready<Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl<T> Clone for TypedSession<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), state: PhantomData }
    }
}

impl<T> fmt::Debug for TypedSession<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedSession").finish_non_exhaustive()
    }
}

impl HandlersView {
    fn renew(&self) {
        match self {
            Self::Map { session, .. } => session.renew(),
            Self::State(own) => {
                let status = &mut own.borrow_mut().status;
                if *status != SessionStatus::Purged {
                    *status = SessionStatus::Renewed;
                }
            }
        }
    }

    fn purge(&self) {
        match self {
            Self::Map { session, .. } => session.purge(),
            Self::State(own) => {
                let mut own = own.borrow_mut();
                own.status = SessionStatus::Purged;
                own.changed = Some(State::default());
            }
        }
    }
}

//! The user whom an administrator's page is about.

use std::pin::Pin;

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, error::ErrorNotFound, web::Data};

use super::{
    client_info,
    guard::{AuthenticatedUser, VerifiedAdmin},
};
use crate::{
    accounts::{Accounts, Actor, UserSummary},
    web::error::AppError,
};

/// The user whose `id` is in the path, for an administrator; 404 if there is none.
pub(crate) struct ManagedUser {
    /// The administrator.
    pub(crate) auth: AuthenticatedUser,
    /// The same, for the log.
    pub(crate) actor: Actor,
    /// The user.
    pub(crate) summary: UserSummary,
}

impl ManagedUser {
    /// Whether it is the administrator's own account.
    pub(crate) fn is_self(&self) -> bool {
        self.summary.user.id == self.auth.user_id
    }
}

impl FromRequest for ManagedUser {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let VerifiedAdmin(auth) = VerifiedAdmin::extract(&request).await?;
            let accounts = Data::<Accounts>::extract(&request).await?;
            let id = request.match_info().get("id").and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| ErrorNotFound(""))?;
            let summary = accounts.user_summary(id).await.map_err(AppError::from)?;
            let summary = summary.ok_or_else(|| ErrorNotFound(""))?;
            let actor = client_info::actor(auth.user_id, &request);
            Ok(Self { auth, actor, summary })
        })
    }
}

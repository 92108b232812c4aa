//! The profile: the account and its session, with the forms that change the password
//! ([`password_change`](super::password_change)) and lead to
//! [`email_change`](super::email_change) and [`account_deletion`](super::account_deletion).

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use waxseal_session::Timestamp;

use crate::{
    accounts::{Accounts, EmailConfirmation, User},
    web::{
        error::AppError,
        extractors::guard::VerifiedUser,
        view::{form_errors::FormErrors, navigation::Navigation, render},
    },
};

pub(crate) const PATH: &str = "/profile";

#[derive(Template)]
#[template(path = "profile.html")]
pub(super) struct Page {
    navigation: Navigation,
    user: User,
    started: Timestamp,
    expires: Timestamp,
    /// Whether activity extends the session any further.
    extendable: bool,
    min_length: usize,
    /// Whether mail is sent.
    can_change_email: bool,
    /// Whether to ask for a confirmation of the address.
    is_unconfirmed: bool,
    /// Of the password change.
    pub(super) errors: FormErrors,
}

pub(crate) async fn show(
    user: VerifiedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    render::page(&page(user, &request, &accounts, FormErrors::default()))
}

pub(super) fn page(
    VerifiedUser(auth, user): VerifiedUser,
    request: &HttpRequest,
    accounts: &Accounts,
    errors: FormErrors,
) -> Page {
    let (started, expires) = (auth.session.auth_time, auth.session.expires_at);
    let extendable = expires < started + accounts.expiry_policy.lifetime();
    let navigation = Navigation::new(request, &auth, PATH, accounts);
    let min_length = accounts.policy.min_length();
    let can_change_email = accounts.mail.is_sent;
    let is_unconfirmed =
        accounts.mail.confirmation != EmailConfirmation::Off && user.email_confirmed_at.is_none();
    Page {
        navigation,
        user,
        started,
        expires,
        extendable,
        min_length,
        can_change_email,
        is_unconfirmed,
        errors,
    }
}

//! The profile: the account and its session, with the forms that change the password
//! ([`password_change`](super::password_change)) and lead to
//! [`account_deletion`](super::account_deletion).

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use waxseal_session::Timestamp;

use crate::{
    accounts::{Accounts, User},
    web::{
        error::AppError,
        extractors::guard::VerifiedUser,
        view::{form_errors::FormErrors, navigation::Navigation, notice, render},
    },
};

pub(crate) const PATH: &str = "/profile";

/// For how long the page says what has been done.
const NOTICE_TIME: Duration = Duration::from_secs(60);

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
    let navigation = Navigation::new(&auth, PATH, accounts);
    let is_new = navigation.now.since(started) < NOTICE_TIME;
    let previous = notice::referer_path(request).filter(|_| !errors.any());
    let notice = match previous.as_deref() {
        Some("/signup") if is_new && user.created_at == started => {
            Some("Your account has been created, and you are logged in.")
        }
        // A password change renews the session, and so does a log-in, but that comes from elsewhere.
        Some(PATH | "/profile/password") if is_new => {
            Some("Your password has been changed. Your other sessions have ended.")
        }
        _ => None,
    };
    let navigation = navigation.with_notice(notice.map(str::to_owned));
    let min_length = accounts.policy.min_length();
    Page { navigation, user, started, expires, extendable, min_length, errors }
}

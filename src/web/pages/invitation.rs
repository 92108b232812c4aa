//! Inviting someone to sign up, for administrators.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use super::admin_users;
use crate::{
    accounts::{Accounts, Invitation, Role},
    web::{
        error::AppError,
        extractors::{client_info::actor, form::Form, guard::VerifiedAdmin},
        middleware::notices,
        view::{form_errors::FormErrors, navigation::Navigation, redirect::see_other, render},
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    email: String,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct Page<'a> {
    navigation: Navigation,
    email: &'a str,
    errors: FormErrors,
}

pub(crate) async fn submit(
    VerifiedAdmin(auth): VerifiedAdmin,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    let mut errors = FormErrors::default();
    if let Some(email) = errors.check("email", input.email.parse()) {
        match accounts.invite(&email, Role::User, &actor(auth.user_id, &request)).await? {
            Invitation::Done => {
                notices::leave(&request, "The invitation is on its way.");
                return Ok(see_other(admin_users::PATH));
            }
            Invitation::HasAccount => errors.add("email", "This address has an account already."),
        }
    }
    let navigation = Navigation::new(&request, &auth, admin_users::PATH, &accounts);
    let page = Page { navigation, email: &input.email, errors };
    render::rejected_form(&page, &page.errors)
}

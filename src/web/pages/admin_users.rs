//! The list of users, for administrators: searched by email address.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use crate::{
    accounts::{Accounts, UserId, UserSummary},
    web::{
        error::AppError,
        extractors::{form::Query, guard::VerifiedAdmin},
        view::{
            navigation::Navigation,
            pagination::{ListQuery, Pagination},
            render,
        },
    },
};

pub(super) const PATH: &str = "/admin/users";

#[derive(Template)]
#[template(path = "admin_users.html")]
struct Page<'a> {
    navigation: Navigation,
    /// The administrator who reads the page.
    own_id: UserId,
    search: &'a str,
    users: Vec<UserSummary>,
    pagination: Pagination,
    /// Whether mail is sent.
    can_invite: bool,
}

pub(crate) async fn list(
    VerifiedAdmin(auth): VerifiedAdmin,
    Query(query): Query<ListQuery>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let found = accounts.users(&query.q, query.page_number()).await?;
    let pagination = Pagination::new(&found, &query, PATH);
    let navigation = Navigation::new(&request, &auth, PATH, &accounts);
    let (own_id, search, users) = (auth.user_id, &*query.q, found.items);
    let can_invite = accounts.mail.is_sent;
    render::page(&Page { navigation, own_id, search, users, pagination, can_invite })
}

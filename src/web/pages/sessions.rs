//! The signed-in user's sessions.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use crate::{
    accounts::{Accounts, SessionInfo},
    web::{
        error::AppError,
        extractors::{form::Query, guard::VerifiedUser},
        view::{
            navigation::Navigation,
            pagination::{ListQuery, Pagination},
            render,
        },
    },
};

pub(super) const PATH: &str = "/sessions";

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    navigation: Navigation,
    /// The session of this request; on the first page.
    current: Option<SessionInfo>,
    others: Vec<SessionInfo>,
    pagination: Pagination,
}

pub(crate) async fn list(
    VerifiedUser(auth, _): VerifiedUser,
    Query(query): Query<ListQuery>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let query = query.without_search();
    let current = auth.session.id;
    let found = accounts.sessions_of(auth.user_id, &current, query.page_number()).await?;
    let pagination = Pagination::new(&found, &query, PATH);
    let (current, others): (Vec<_>, Vec<_>) =
        found.items.into_iter().partition(|session| session.id == current);
    let navigation = Navigation::new(&request, &auth, PATH, &accounts);
    let current = current.into_iter().next();
    render::page(&Page { navigation, current, others, pagination })
}

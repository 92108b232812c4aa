//! The signed-in user's sessions.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use crate::{
    accounts::{Accounts, SessionInfo},
    web::{
        error::AppError,
        extractors::{
            form::Query,
            guard::{AuthenticatedUser, VerifiedUser},
        },
        view::{
            navigation::Navigation,
            notice,
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
    let notice = notice(&auth, &request, &accounts, others.is_empty()).await?;
    let navigation = Navigation::new(&auth, PATH, &accounts).with_notice(notice);
    let current = current.into_iter().next();
    render::page(&Page { navigation, current, others, pagination })
}

/// What has been done on the page that the user comes from, if that is true now.
async fn notice(
    auth: &AuthenticatedUser,
    request: &HttpRequest,
    accounts: &Accounts,
    no_others: bool,
) -> Result<Option<String>, AppError> {
    let previous = notice::referer_path(request);
    let Some(confirmed) = previous.as_ref().and_then(|path| path.strip_prefix("/sessions/")) else {
        return Ok(None);
    };
    let notice = match confirmed.parse() {
        Ok(id) if accounts.session_of(auth.user_id, &id).await?.is_none() => {
            Some("The session has ended.")
        }
        Err(_) if confirmed == "others" && no_others => Some("Your other sessions have ended."),
        _ => None,
    };
    Ok(notice.map(str::to_owned))
}

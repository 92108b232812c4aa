//! What somebody has just done, told on the page that they are led to.
//!
//! Nothing is kept for it, in a cookie or elsewhere, so it works for visitors, and whichever node
//! answers: the browser says which page of the site it comes from (our `Referrer-Policy` lets it), and
//! each page looks at what is so now. Links that lead to such a page without anything being done ask
//! the browser not to say it: `rel="noreferrer"`.

use actix_web::{
    HttpRequest,
    http::{Uri, header::REFERER},
};

/// The path of the page that a request comes from.
pub(super) fn came_from(request: &HttpRequest) -> Option<String> {
    let referer = request.headers().get(REFERER)?.to_str().ok()?;
    Some(referer.parse::<Uri>().ok()?.path().to_owned())
}

//! Notices: the page after a form says what was done ("Your account has been deleted.").
//!
//! There is no flash cookie: the `Referer` says which page of ours the browser comes from, our
//! `Referrer-Policy` allows it, and the page checks what is true now. So it works for visitors and
//! on every node. Links to such a page where nothing was done have `rel="noreferrer"`.

use actix_web::{
    HttpRequest,
    http::{Uri, header::REFERER},
};

/// The path of the page that a request comes from.
pub(crate) fn referer_path(request: &HttpRequest) -> Option<String> {
    let referer = request.headers().get(REFERER)?.to_str().ok()?;
    Some(referer.parse::<Uri>().ok()?.path().to_owned())
}

//! The mails that development writes to a folder instead of sending them. Anyone sees them, so they are there
//! only where the server is on loopback.

use std::net::IpAddr;

use actix_web::{
    HttpResponse,
    guard::GuardContext,
    http::{
        header::{CONTENT_SECURITY_POLICY, ContentType, HOST},
        uri::Authority,
    },
    web::{Data, Path},
};
use askama::Template;
use uuid::Uuid;
use waxseal_session::Timestamp;

use crate::{
    accounts::Accounts,
    mail::{MailFolder, WrittenMail},
    web::{error::AppError, site_origin::SiteOrigin, view::render},
};

/// How many are listed.
const NEWEST: usize = 100;

/// Mails have their styles in them.
const STYLES_INSIDE: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; \
                             frame-ancestors 'none'";

/// The folder, if there is one to show.
pub(crate) type Shown = Option<MailFolder>;

#[derive(Template)]
#[template(path = "dev_mails.html")]
struct ListPage {
    mails: Vec<WrittenMail>,
    now: Timestamp,
}

#[derive(Template)]
#[template(path = "dev_mail.html")]
struct MailPage {
    mail: WrittenMail,
    now: Timestamp,
}

pub(crate) async fn list(
    folder: Data<Shown>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let Some(folder) = &**folder else { return Ok(not_found()) };
    let mails = folder.newest(NEWEST).map_err(AppError::MailFolder)?;
    render::page(&ListPage { mails, now: accounts.clock.now() })
}

pub(crate) async fn show(
    folder: Data<Shown>,
    id: Path<String>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let Some(mail) = find(&folder, &id)? else { return Ok(not_found()) };
    render::page(&MailPage { mail, now: accounts.clock.now() })
}

/// The mail itself, as a mail program shows it.
pub(crate) async fn html(folder: Data<Shown>, id: Path<String>) -> Result<HttpResponse, AppError> {
    let Some(mail) = find(&folder, &id)? else { return Ok(not_found()) };
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, STYLES_INSIDE))
        .body(mail.html))
}

/// Whether a request names this machine, or the site of the settings. Another name that leads here can be a
/// website's, whose scripts would read the mails (DNS rebinding).
pub(crate) fn is_asked_for_here(request: &GuardContext<'_>) -> bool {
    let host = request.head().headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let site = request.app_data::<Data<SiteOrigin>>();
    let public = site.and_then(|site| site.public_url.as_deref()?.split_once("://"));
    let name = host.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok()
        || public.is_some_and(|(_, public)| public.eq_ignore_ascii_case(host.as_str()))
}

/// An id is a UUID, so it names no file elsewhere.
fn find(folder: &Shown, id: &str) -> Result<Option<WrittenMail>, AppError> {
    match (folder, id.parse::<Uuid>()) {
        (Some(folder), Ok(id)) => folder.read(id).map_err(AppError::MailFolder),
        _ => Ok(None),
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

/// A text in parts, and whether each is a link.
fn with_links(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) =
        ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min()
    {
        let (before, from) = rest.split_at(start);
        let end = from.find(char::is_whitespace).unwrap_or(from.len());
        let link = from[..end].trim_end_matches(['.', ',', ')']);
        parts.extend([(before, false), (link, true)]);
        rest = &from[link.len()..];
    }
    parts.push((rest, false));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_end_where_their_sentence_does() {
        let text =
            "Choose:\nhttp://a/reset?t=x_-1\n\nOr at https://b/forgot. That (http://c) ends it.";
        let links = with_links(text).into_iter().filter(|(_, is_link)| *is_link);
        let links: Vec<&str> = links.map(|(link, _)| link).collect();
        assert_eq!(links, ["http://a/reset?t=x_-1", "https://b/forgot", "http://c"]);
        assert_eq!(with_links(text).iter().map(|(part, _)| *part).collect::<String>(), text);
    }
}

//! The navigation of signed-in users, at the top of their pages.

use actix_web::HttpRequest;
use waxseal_session::Timestamp;

use crate::{
    accounts::{Accounts, Role},
    web::{extractors::guard::AuthenticatedUser, middleware::notices},
};

/// What the layout `account_layout.html` shows.
pub(crate) struct Navigation {
    current_path: &'static str,
    role: Role,
    /// What has just been done.
    pub(crate) notice: Option<String>,
    /// The time that the page's relative times count from.
    pub(crate) now: Timestamp,
}

pub(crate) struct Link {
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
    pub(crate) is_current: bool,
}

/// The sections of every user, and those of administrators only.
const USER_SECTIONS: [(&str, &str); 3] =
    [("/profile", "Profile"), ("/sessions", "Sessions"), ("/logins", "Log-ins")];
const ADMIN_SECTIONS: [(&str, &str); 1] = [("/admin/users", "Users")];

/// The section that a path is in.
pub(crate) fn section_of(path: &str) -> Option<&'static str> {
    let sections = USER_SECTIONS.iter().chain(&ADMIN_SECTIONS).map(|(section, _)| *section);
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    sections.into_iter().find(|section| path.strip_prefix(section).is_some_and(is_below))
}

/// Pages whose form is sent to their own path.
const FORMS: [&str; 1] = ["/profile/email"];

/// The page to come back to after a form was sent to this path: what only takes POST is no page, but its section
/// has one.
pub(crate) fn page_of(path: &str) -> Option<&'static str> {
    FORMS.into_iter().find(|form| *form == path).or_else(|| section_of(path))
}

impl Navigation {
    pub(crate) fn new(
        request: &HttpRequest,
        auth: &AuthenticatedUser,
        current_path: &'static str,
        accounts: &Accounts,
    ) -> Self {
        let (role, now) = (auth.role, accounts.clock.now());
        Self { current_path, role, notice: notices::take(request), now }
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = Link> {
        let admin_sections = match self.role {
            Role::Admin => &ADMIN_SECTIONS[..],
            Role::User => &[],
        };
        let current_path = self.current_path;
        USER_SECTIONS.iter().chain(admin_sections).map(move |&(path, text)| Link {
            path,
            text,
            is_current: path == current_path,
        })
    }
}

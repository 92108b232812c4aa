//! The ways between the pages of somebody who is logged in.

use super::guard::SignedIn;
use crate::{
    accounts::{Accounts, Role},
    clock::Timestamp,
};

/// The navigation of a page.
pub(super) struct Navigation {
    /// The path of the page that it is on.
    here: &'static str,
    role: Role,
    /// What has just been done.
    pub(super) notice: Option<String>,
    /// When the page is read.
    pub(super) now: Timestamp,
}

/// A link of the navigation.
pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    /// Whether it leads to where one is.
    pub(super) current: bool,
}

/// Where everybody may go, and where only administrators.
const FOR_EVERYBODY: [(&str, &str); 3] =
    [("/profile", "Profile"), ("/sessions", "Sessions"), ("/logins", "Log-ins")];
const FOR_ADMINS: [(&str, &str); 1] = [("/admin/users", "Users")];

/// The page for people who are logged in that a path is of, or below.
pub(super) fn page_of(path: &str) -> Option<&'static str> {
    let pages = FOR_EVERYBODY.iter().chain(&FOR_ADMINS).map(|(page, _)| *page);
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    pages.into_iter().find(|page| path.strip_prefix(page).is_some_and(is_below))
}

impl Navigation {
    /// The navigation of this person, on the page at this path.
    pub(super) fn new(person: &SignedIn, here: &'static str, accounts: &Accounts) -> Self {
        Self { here, role: person.role, notice: None, now: accounts.clock.now() }
    }

    /// With what has just been done, if something has.
    pub(super) fn telling(self, notice: Option<String>) -> Self {
        Self { notice, ..self }
    }

    /// Where this person may go.
    pub(super) fn links(&self) -> impl Iterator<Item = Link> {
        let for_admins = match self.role {
            Role::Admin => &FOR_ADMINS[..],
            Role::User => &[],
        };
        let here = self.here;
        FOR_EVERYBODY.iter().chain(for_admins).map(move |&(path, text)| Link {
            path,
            text,
            current: path == here,
        })
    }
}

//! Long lists: what their addresses say, and the ways from page to page.

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::redirect::QUERY_VALUE;
use crate::accounts::{Page, PageNumber};

/// What a list's address says: what is searched for, and which page. A page number that is none
/// is 1.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Listing {
    pub(super) q: String,
    pub(super) page: String,
}

impl Listing {
    /// The page that is asked for.
    pub(super) fn page(&self) -> PageNumber {
        PageNumber::new(self.page.parse().unwrap_or(1))
    }

    /// Where a page of the list is.
    fn url_of(&self, path: &str, page: u32) -> String {
        let q = (!self.q.is_empty()).then(|| utf8_percent_encode(&self.q, QUERY_VALUE));
        let q = q.map(|q| format!("q={q}"));
        let page = (page > 1).then(|| format!("page={page}"));
        let query: Vec<String> = q.into_iter().chain(page).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// The links below a list.
pub(super) struct Neighbours {
    /// Which page this is.
    pub(super) number: u32,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Neighbours {
    /// The neighbours of a page of the list at `path`.
    pub(super) fn of<T>(page: &Page<T>, listing: &Listing, path: &str) -> Self {
        let number = page.number;
        Self {
            number,
            previous: (number > 1).then(|| listing.url_of(path, number - 1)),
            next: page.has_next.then(|| listing.url_of(path, number + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(q: &str, page: &str) -> Listing {
        Listing { q: q.to_owned(), page: page.to_owned() }
    }

    #[test]
    fn a_page_number_that_is_none_is_1() {
        for page in ["", "0", "1", "-1", "x", "1.5", " 2", "99999999999", "²"] {
            assert_eq!(listing("", page).page(), PageNumber::new(1), "{page:?}");
        }
        assert_eq!(listing("", "2").page(), PageNumber::new(2));
    }

    #[test]
    fn a_search_survives_in_the_address() {
        assert_eq!(listing("", "").url_of("/list", 1), "/list");
        assert_eq!(listing("", "").url_of("/list", 3), "/list?page=3");
        assert_eq!(
            listing("a&b=c+d%\r\né#", "").url_of("/list", 1),
            "/list?q=a%26b=c%2Bd%25%0D%0A%C3%A9%23"
        );
        assert_eq!(
            listing("ann@example.com", "").url_of("/list", 2),
            "/list?q=ann@example.com&page=2"
        );
    }
}

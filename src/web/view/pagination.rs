//! Long lists: their query (`?q=…&page=2`), and the links to the previous and the next page.

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::redirect::QUERY_VALUE;
use crate::accounts::{Page, PageNumber};

/// The query of a list.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// What is searched for, on lists that can be searched.
    pub(crate) q: String,
    page: String,
}

impl ListQuery {
    /// The page number; 1 if it is missing or invalid.
    pub(crate) fn page_number(&self) -> PageNumber {
        PageNumber::new(self.page.parse().unwrap_or(1))
    }

    /// The same query without its search, for lists that can't be searched.
    pub(crate) fn without_search(self) -> Self {
        Self { q: String::new(), ..self }
    }

    fn page_url(&self, path: &str, page: u32) -> String {
        let q = (!self.q.is_empty()).then(|| utf8_percent_encode(&self.q, QUERY_VALUE));
        let q = q.map(|q| format!("q={q}"));
        let page = (page > 1).then(|| format!("page={page}"));
        let query: Vec<String> = q.into_iter().chain(page).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// The links below a list.
pub(crate) struct Pagination {
    pub(crate) number: u32,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

impl Pagination {
    pub(crate) fn new<T>(page: &Page<T>, query: &ListQuery, path: &str) -> Self {
        let number = page.number;
        Self {
            number,
            previous: (number > 1).then(|| query.page_url(path, number - 1)),
            next: page.has_next.then(|| query.page_url(path, number + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(q: &str, page: &str) -> ListQuery {
        ListQuery { q: q.to_owned(), page: page.to_owned() }
    }

    #[test]
    fn an_invalid_page_number_is_1() {
        for page in ["", "0", "1", "-1", "x", "1.5", " 2", "99999999999", "²"] {
            assert_eq!(query("", page).page_number(), PageNumber::new(1), "{page:?}");
        }
        assert_eq!(query("", "2").page_number(), PageNumber::new(2));
    }

    #[test]
    fn a_search_is_kept_in_the_url() {
        assert_eq!(query("", "").page_url("/list", 1), "/list");
        assert_eq!(query("", "").page_url("/list", 3), "/list?page=3");
        assert_eq!(
            query("a&b=c+d%\r\né#", "").page_url("/list", 1),
            "/list?q=a%26b=c%2Bd%25%0D%0A%C3%A9%23"
        );
        assert_eq!(
            query("ann@example.com", "").page_url("/list", 2),
            "/list?q=ann@example.com&page=2"
        );
    }
}

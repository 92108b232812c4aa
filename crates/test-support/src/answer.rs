//! HTTP responses, and what tests ask of them.

use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE},
};

use crate::COOKIE_NAME;

/// An HTTP response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Parses the bytes of a connection, after any `100 Continue`; `None` if the head is incomplete.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(text);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/")?.split(' ').nth(1)?;
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = HeaderValue::from_bytes(value.trim().as_bytes()).ok()?;
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        });
        Some(Self {
            status: status.parse().ok()?,
            headers: headers.collect::<Option<HeaderMap>>()?,
            body: body.to_owned(),
        })
    }

    /// The value of a header, or an empty string. Panics if the header occurs twice.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    /// The values of the `Set-Cookie` headers, apart from the [notice's](Self::notice_cookie).
    pub fn set_cookies(&self) -> Vec<&str> {
        self.all_cookies().filter(|cookie| !is_notice(cookie)).collect()
    }

    /// The `Set-Cookie` header that leaves a notice for the next page, or deletes it.
    pub fn notice_cookie(&self) -> Option<&str> {
        let mut notices = self.all_cookies().filter(|cookie| is_notice(cookie));
        let notice = notices.next();
        assert!(notices.next().is_none(), "two notices: {self:?}");
        notice
    }

    /// The notice on the page.
    pub fn notice(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once(r#"<p class="notice" role="status">"#)?;
        Some(rest.split_once("</p>").unwrap().0)
    }

    /// The values of all `Set-Cookie` headers.
    pub(crate) fn all_cookies(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap())
    }

    /// The value of the session cookie, if this response sets one.
    pub fn session(&self) -> Option<String> {
        let start = format!("{COOKIE_NAME}=");
        let pair = self.set_cookies().into_iter().find_map(|cookie| cookie.strip_prefix(&start))?;
        let value = pair.split(';').next().unwrap();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The `Location` of a 303. Panics on another status.
    pub fn redirects_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header(LOCATION.as_str())
    }

    /// Whether it sets exactly one cookie, which clears the session's.
    pub fn clears_the_cookie(&self) -> bool {
        let expires = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let cleared = format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Lax; {expires}");
        self.set_cookies() == [cleared]
    }

    /// How often the body contains a text.
    pub fn count(&self, text: &str) -> usize {
        self.body.matches(text).count()
    }

    /// Whether the body contains a text.
    pub fn contains_text(&self, text: &str) -> bool {
        self.count(text) > 0
    }

    /// The value of a form field.
    pub fn typed(&self, field: &str) -> Option<String> {
        self.attribute(field, "value")
    }

    /// A field's error message. Panics unless `aria-describedby` and `aria-invalid` match it.
    pub fn error(&self, field: &str) -> Option<String> {
        let described = self.attribute(field, "aria-describedby");
        let ids = described.iter().flat_map(|ids| ids.split(' '));
        let mut errors = Vec::new();
        for id in ids {
            let at = format!("id=\"{id}\"");
            assert_eq!(self.count(&at), 1, "{id} is in {}", self.body);
            let (_, rest) = self.body.split_once(&at).unwrap();
            let text = rest.split_once('>').unwrap().1.split_once("</").unwrap().0;
            if id.ends_with("-error") {
                errors.push(unescaped(text));
            }
        }
        assert!(errors.len() < 2, "{errors:?}");
        let invalid = self.attribute(field, "aria-invalid");
        assert_eq!(invalid.is_some(), !errors.is_empty(), "{}", self.body);
        errors.pop()
    }

    /// An attribute of a form field.
    fn attribute(&self, field: &str, attribute: &str) -> Option<String> {
        let inputs = self.body.split("<input ").skip(1);
        let tags = inputs.map(|rest| rest.split_once('>').unwrap().0);
        let mut named = tags.filter(|tag| tag.contains(&format!("name=\"{field}\"")));
        let tag = named.next()?;
        assert_eq!(named.next(), None, "{field} is there twice");
        let (_, rest) = tag.split_once(&format!("{attribute}=\""))?;
        Some(unescaped(rest.split_once('"').unwrap().0))
    }
}

fn is_notice(cookie: &str) -> bool {
    cookie.split_once('=').is_some_and(|(name, _)| name.ends_with("-notice"))
}

fn unescaped(html: &str) -> String {
    let entities =
        [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

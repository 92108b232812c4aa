//! The fields of forms and queries: read strictly, in one place.
//!
//! What is no text (a zero byte, or bytes that are not UTF-8) is refused, in fields that nobody
//! asked for, too: so nothing behind has to ask what it was given. A field that is there twice is
//! refused; one that is not known is passed over.

use std::{future::Future, io, ops::Deref, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    error::PayloadError,
    http::{
        StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use futures_util::StreamExt;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned,
        value::{Error as FieldError, MapDeserializer},
    },
};
use zeroize::Zeroizing;

use super::bodies::MAX_BYTES;

/// The one kind of body that is a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form.
pub(super) struct Form<T>(pub(super) T);

/// The same, where nothing at all may be sent instead.
pub(super) struct FormOrNothing<T>(pub(super) T);

/// The fields of a query.
pub(super) struct Query<T>(pub(super) T);

/// A field that is wiped from memory when dropped: a password.
#[derive(Default)]
pub(super) struct SecretString(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Deref for SecretString {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = BadFields;
    type Future = Pin<Box<dyn Future<Output = Result<Self, BadFields>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let (kind, body) = (kind(request), body.take());
        Box::pin(async move {
            kind?;
            fields(whole(body).await?).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for FormOrNothing<T> {
    type Error = BadFields;
    type Future = Pin<Box<dyn Future<Output = Result<Self, BadFields>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(CONTENT_TYPE) && matches!(body, Payload::None) {
            return Box::pin(async { Ok(Self(T::default())) });
        }
        let form = Form::from_request(request, body);
        Box::pin(async { form.await.map(|Form(fields)| Self(fields)) })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = BadFields;
    type Future = std::future::Ready<Result<Self, BadFields>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string().as_bytes().to_vec();
        std::future::ready(fields(Zeroizing::new(query)).map(Self))
    }
}

/// Whether a body says that it is a form, and no more of it than we can take.
fn kind(request: &HttpRequest) -> Result<(), BadFields> {
    let charset =
        |mime: &mime::Mime| mime.get_param(mime::CHARSET).is_none_or(|name| name == mime::UTF_8);
    let mime = request.mime_type().ok().flatten();
    let is_form = mime.is_some_and(|mime| mime.essence_str() == FORM && charset(&mime));
    // None that we could undo: so none that hides how large it is.
    if !is_form || request.headers().contains_key(CONTENT_ENCODING) {
        return Err(BadFields::OtherKind);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > MAX_BYTES => Err(BadFields::TooLarge),
        _ => Ok(()),
    }
}

/// All of a body, whose size and time are limited by [`bodies`](super::bodies).
///
/// It may hold a password. So it is wiped, and never grows, which would leave a copy behind.
async fn whole(mut body: Payload) -> Result<Zeroizing<Vec<u8>>, BadFields> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(BadFields::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads fields as browsers write them. They are decoded where they stand: there is no other copy of
/// them than the fields themselves.
fn fields<T: DeserializeOwned>(mut encoded: Zeroizing<Vec<u8>>) -> Result<T, BadFields> {
    let pairs = encoded.split_mut(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let pairs: Vec<(&str, &str)> =
        pairs.map(pair).collect::<Option<_>>().ok_or(BadFields::Unreadable)?;
    let pairs = MapDeserializer::<_, FieldError>::new(pairs.into_iter());
    T::deserialize(pairs).map_err(|_| BadFields::Unreadable)
}

/// A name and its value; `None` where either is no text.
fn pair(encoded: &mut [u8]) -> Option<(&str, &str)> {
    let end = encoded.iter().position(|byte| *byte == b'=').unwrap_or(encoded.len());
    let (name, value) = encoded.split_at_mut(end);
    let value = value.split_first_mut().map_or(&mut [][..], |(_equals, value)| value);
    Some((text(name)?, text(value)?))
}

/// What the encoded text says, as the URL standard has it: `%` without two digits is itself.
fn text(encoded: &mut [u8]) -> Option<&str> {
    let (mut from, mut to) = (0, 0);
    while let Some(&first) = encoded.get(from) {
        let digit = |at| encoded.get(at).and_then(|byte: &u8| (*byte as char).to_digit(16));
        let escaped = (first == b'%').then(|| Some(digit(from + 1)? * 16 + digit(from + 2)?));
        let (byte, length) = match (first, escaped.flatten()) {
            (_, Some(code)) => (u8::try_from(code).ok()?, 3),
            (b'+', None) => (b' ', 1),
            (other, None) => (other, 1),
        };
        *encoded.get_mut(to)? = byte;
        (from, to) = (from + length, to + 1);
    }
    let decoded = encoded.get(..to)?;
    str::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

/// Fields that can't be taken. The page for each is made in [`error`](super::error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadFields {
    /// A body that is no form, or says nothing of what it is.
    #[error("not a form")]
    OtherKind,
    /// More than any of our forms has.
    #[error("too large for a form")]
    TooLarge,
    /// It did not come in time.
    #[error("too slow")]
    TooSlow,
    /// A field twice, one that is no text, or a body that was cut off.
    #[error("not to be read as fields")]
    Unreadable,
}

impl From<PayloadError> for BadFields {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => Self::TooLarge,
            PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Self::TooSlow,
            _ => Self::Unreadable,
        }
    }
}

impl ResponseError for BadFields {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::OtherKind => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unreadable => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if *self == Self::TooSlow {
            // There is no use in waiting for the rest.
            response.force_close();
        }
        response.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(encoded: &str) -> Option<BTreeMap<String, String>> {
        fields(Zeroizing::new(encoded.as_bytes().to_vec())).ok()
    }

    #[test]
    fn what_is_no_text_is_refused_however_it_is_written() {
        for encoded in
            ["a=%00", "a=%ff", "a=%c3", "a=%C3&b=%A9", "%00=a", "a=\0", "x=1&unknown=%fe"]
        {
            assert_eq!(read(encoded), None, "{encoded}");
        }
        let no_utf_8 = Zeroizing::new(b"a=\xff".to_vec());
        assert_eq!(fields::<BTreeMap<String, String>>(no_utf_8), Err(BadFields::Unreadable));
    }

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        assert_eq!(read("a=%C3%A9+%E2%9C%93%2b").unwrap()["a"], "é ✓+");
        assert_eq!(read("a=%zz%&b&&=c").unwrap()["a"], "%zz%");
        let fields = read("a=%4&b&&=c&d=e=f%3D&%67=%68%").unwrap();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(fields, [("", "c"), ("a", "%4"), ("b", ""), ("d", "e=f="), ("g", "h%")]);
    }

    #[test]
    fn a_field_that_is_there_twice_is_refused_and_an_unknown_one_passed_over() {
        #[derive(Deserialize)]
        struct Input {
            password: SecretString,
        }
        let read = |encoded: &str| fields::<Input>(Zeroizing::new(encoded.as_bytes().to_vec()));
        assert_eq!(&*read("x=1&password=violet+anvil&y").ok().unwrap().password, "violet anvil");
        assert_eq!(read("password=a&password=b").err(), Some(BadFields::Unreadable));
    }
}

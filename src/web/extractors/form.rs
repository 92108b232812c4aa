//! Form and query fields, read strictly in one place: [`Form`], [`FormOrNothing`], [`Query`].
//!
//! A zero byte or invalid UTF-8 in any field, also in an unknown one, rejects the request, so no
//! handler has to check its text. So does a field that is there twice. Unknown fields are ignored.

use std::{
    future::{Future, Ready, ready},
    io,
    ops::Deref,
    pin::Pin,
};

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
use percent_encoding::percent_decode;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned,
        value::{Error as FieldError, MapDeserializer},
    },
};
use zeroize::Zeroizing;

use crate::web::middleware::MAX_BODY_BYTES;

/// The fields of a form.
pub(crate) struct Form<T>(pub(crate) T);

/// The fields of a form, or their defaults where the request has no body.
pub(crate) struct FormOrNothing<T>(pub(crate) T);

/// The fields of a query.
pub(crate) struct Query<T>(pub(crate) T);

/// A field that is wiped from memory when dropped: a password.
#[derive(Default)]
pub(crate) struct SecretString(Zeroizing<String>);

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
    type Error = FormRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, FormRejection>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let (checked, body) = (check_headers(request), body.take());
        Box::pin(async move {
            checked?;
            parse(read(body).await?).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for FormOrNothing<T> {
    type Error = FormRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, FormRejection>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(CONTENT_TYPE) && matches!(body, Payload::None) {
            return Box::pin(async { Ok(Self(T::default())) });
        }
        let form = Form::from_request(request, body);
        Box::pin(async { form.await.map(|Form(fields)| Self(fields)) })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = FormRejection;
    type Future = Ready<Result<Self, FormRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = Zeroizing::new(request.query_string().as_bytes().to_vec());
        ready(parse(query).map(Self))
    }
}

/// Checks that the headers announce a form of a size that we accept.
fn check_headers(request: &HttpRequest) -> Result<(), FormRejection> {
    let is_utf8 = |mime: &mime::Mime| {
        mime.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8)
    };
    let mime = request.mime_type().ok().flatten();
    let is_form = mime.is_some_and(|mime| {
        mime.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.as_ref() && is_utf8(&mime)
    });
    // Nothing is decompressed, so no body is larger than it looks.
    if !is_form || request.headers().contains_key(CONTENT_ENCODING) {
        return Err(FormRejection::UnsupportedMediaType);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > MAX_BODY_BYTES => Err(FormRejection::TooLarge),
        _ => Ok(()),
    }
}

/// Reads a body to its end; [`body_limits`](crate::web::middleware::body_limits) limits it.
///
/// A body may contain a password, so the buffer is wiped, and never grows, which would leave a copy.
async fn read(mut body: Payload) -> Result<Zeroizing<Vec<u8>>, FormRejection> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BODY_BYTES));
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(FormRejection::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads fields as browsers write them (serde_urlencoded would leave copies of passwords behind).
fn parse<T: DeserializeOwned>(mut encoded: Zeroizing<Vec<u8>>) -> Result<T, FormRejection> {
    encoded.iter_mut().filter(|byte| **byte == b'+').for_each(|plus| *plus = b' ');
    let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let pairs: Vec<(Field, Field)> = pairs.map(pair).collect();
    let texts: Option<Vec<(&str, &str)>> =
        pairs.iter().map(|(name, value)| Some((text(name)?, text(value)?))).collect();
    let fields = texts.ok_or(FormRejection::Malformed)?.into_iter();
    T::deserialize(MapDeserializer::<_, FieldError>::new(fields))
        .map_err(|_| FormRejection::Malformed)
}

/// A name or a value, decoded.
type Field = Zeroizing<Vec<u8>>;

fn pair(encoded: &[u8]) -> (Field, Field) {
    let mut parts = encoded.splitn(2, |byte| *byte == b'=');
    let mut next = || decode(parts.next().unwrap_or_default());
    (next(), next())
}

fn decode(encoded: &[u8]) -> Field {
    let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
    decoded.extend(percent_decode(encoded));
    decoded
}

fn text(field: &Field) -> Option<&str> {
    str::from_utf8(field).ok().filter(|text| !text.contains('\0'))
}

/// Why a form or query was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormRejection {
    #[error("not a URL-encoded form in UTF-8")]
    UnsupportedMediaType,
    #[error("the form is too large")]
    TooLarge,
    #[error("the form did not arrive in time")]
    Timeout,
    /// A repeated field, one that is not text, or a body that was cut off.
    #[error("malformed fields")]
    Malformed,
}

impl From<PayloadError> for FormRejection {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => Self::TooLarge,
            PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Malformed,
        }
    }
}

impl ResponseError for FormRejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if *self == Self::Timeout {
            // The rest of the body is not waited for.
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
        parse(Zeroizing::new(encoded.as_bytes().to_vec())).ok()
    }

    #[test]
    fn bytes_that_are_not_text_are_rejected_however_they_are_encoded() {
        for encoded in
            ["a=%00", "a=%ff", "a=%c3", "a=%C3&b=%A9", "%00=a", "a=\0", "x=1&unknown=%fe"]
        {
            assert_eq!(read(encoded), None, "{encoded}");
        }
        let bytes = Zeroizing::new(b"a=\xff".to_vec());
        assert_eq!(parse::<BTreeMap<String, String>>(bytes), Err(FormRejection::Malformed));
    }

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        assert_eq!(read("a=%C3%A9+%E2%9C%93%2b").unwrap()["a"], "é ✓+");
        let fields = read("a=%4&b&&=c&d=e=f%3D&%67=%68%&i=%zz%").unwrap();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected =
            [("", "c"), ("a", "%4"), ("b", ""), ("d", "e=f="), ("g", "h%"), ("i", "%zz%")];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_repeated_field_is_rejected_and_an_unknown_one_ignored() {
        #[derive(Deserialize)]
        struct Input {
            password: SecretString,
        }
        let read = |encoded: &str| parse::<Input>(Zeroizing::new(encoded.as_bytes().to_vec()));
        assert_eq!(&*read("x=1&password=violet+anvil&y").ok().unwrap().password, "violet anvil");
        assert_eq!(read("password=a&password=b").err(), Some(FormRejection::Malformed));
    }
}

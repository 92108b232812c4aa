//! Form and query fields, read strictly in one place: [`Form`], [`FormOrNothing`], [`Query`].
//!
//! A zero byte or invalid UTF-8 in any field, also in an unknown one, rejects the request, so no
//! handler has to check its text. So does a field that is there twice. Unknown fields are ignored.

use std::{
    borrow::Cow,
    future::{Future, Ready, ready},
    io,
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
use serde::de::DeserializeOwned;

use crate::web::middleware::MAX_BODY_BYTES;

/// The fields of a form.
pub(crate) struct Form<T>(pub(crate) T);

/// The fields of a form, or their defaults where the request has no body.
pub(crate) struct FormOrNothing<T>(pub(crate) T);

/// The fields of a query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = FormRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, FormRejection>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let (checked, body) = (check_headers(request), body.take());
        Box::pin(async move {
            checked?;
            parse(&read(body).await?).map(Self)
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
        ready(parse(request.query_string().as_bytes()).map(Self))
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
async fn read(mut body: Payload) -> Result<Vec<u8>, FormRejection> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(encoded: &[u8]) -> Result<T, FormRejection> {
    // `&` and `=` between fields are ASCII, so every field is UTF-8 if the whole is.
    let decoded: Cow<'_, [u8]> = percent_decode(encoded).into();
    if decoded.contains(&0) || str::from_utf8(&decoded).is_err() {
        return Err(FormRejection::Malformed);
    }
    serde_urlencoded::from_bytes(encoded).map_err(|_| FormRejection::Malformed)
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
        parse(encoded.as_bytes()).ok()
    }

    #[test]
    fn bytes_that_are_not_text_are_rejected_however_they_are_encoded() {
        for encoded in
            ["a=%00", "a=%ff", "a=%c3", "a=%C3&b=%A9", "%00=a", "a=\0", "x=1&unknown=%fe"]
        {
            assert_eq!(read(encoded), None, "{encoded}");
        }
        assert_eq!(parse::<BTreeMap<String, String>>(b"a=\xff"), Err(FormRejection::Malformed));
        assert_eq!(read("a=%C3%A9+%E2%9C%93").unwrap()["a"], "é ✓");
        assert_eq!(read("a=%zz%&b").unwrap()["a"], "%zz%");
    }
}

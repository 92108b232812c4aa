//! The fields of forms and queries: read strictly, in one place.
//!
//! What is no text (a zero byte, or bytes that are not UTF-8) is refused, in fields that nobody
//! asked for, too: so nothing behind has to ask what it was given. A field that is there twice is
//! refused; one that is not known is passed over.

use std::{borrow::Cow, future::Future, io, pin::Pin};

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

use super::bodies::MAX_BYTES;

/// The one kind of body that is a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form.
pub(super) struct Form<T>(pub(super) T);

/// The same, where nothing at all may be sent instead.
pub(super) struct FormOrNothing<T>(pub(super) T);

/// The fields of a query.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = BadFields;
    type Future = Pin<Box<dyn Future<Output = Result<Self, BadFields>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let (kind, body) = (kind(request), body.take());
        Box::pin(async move {
            kind?;
            fields(&whole(body).await?).map(Self)
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
        std::future::ready(fields(request.query_string().as_bytes()).map(Self))
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
async fn whole(mut body: Payload) -> Result<Vec<u8>, BadFields> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// Reads fields as browsers write them.
fn fields<T: DeserializeOwned>(encoded: &[u8]) -> Result<T, BadFields> {
    // A `&` or `=` between fields is ASCII, so all of them are text if the whole is.
    let decoded: Cow<'_, [u8]> = percent_decode(encoded).into();
    if decoded.contains(&0) || str::from_utf8(&decoded).is_err() {
        return Err(BadFields::Unreadable);
    }
    serde_urlencoded::from_bytes(encoded).map_err(|_| BadFields::Unreadable)
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
        fields(encoded.as_bytes()).ok()
    }

    #[test]
    fn what_is_no_text_is_refused_however_it_is_written() {
        for encoded in
            ["a=%00", "a=%ff", "a=%c3", "a=%C3&b=%A9", "%00=a", "a=\0", "x=1&unknown=%fe"]
        {
            assert_eq!(read(encoded), None, "{encoded}");
        }
        assert_eq!(fields::<BTreeMap<String, String>>(b"a=\xff"), Err(BadFields::Unreadable));
        assert_eq!(read("a=%C3%A9+%E2%9C%93").unwrap()["a"], "é ✓");
        assert_eq!(read("a=%zz%&b").unwrap()["a"], "%zz%");
    }
}

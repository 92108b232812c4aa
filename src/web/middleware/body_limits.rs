//! Limits on request bodies: size and time.

use std::{io, time::Duration};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::{Stream, StreamExt, stream};
use waxseal_session::Clock;

use crate::accounts::Accounts;

/// The largest body, in bytes: many times what our forms need.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// How long a request's head may take. With the body and the time to read the response this stays
/// under 10 s.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(4);

/// How long a body may take, from the end of its head. Our forms have less than 1 KiB and come in
/// one packet; the largest body that is read gets through at 33 kbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(4);

/// Makes reading a body fail once it is too large or too slow. A handler that reads none is not
/// delayed.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn body_limits<B: MessageBody>(
    accounts: Data<Accounts>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    match request.take_payload() {
        Payload::None => {}
        body => {
            let body = Box::pin(limit(body, accounts.clock.clone()));
            request.set_payload(Payload::Stream { payload: body });
        }
    }
    next.call(request).await
}

fn limit(body: Payload, clock: Clock) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let deadline = clock.elapsed() + BODY_TIMEOUT;
    let timeout = Box::pin(async move { clock.sleep_until(deadline).await });
    stream::unfold((body, timeout, MAX_BODY_BYTES), |(mut body, mut timeout, left)| async move {
        let chunk = tokio::select! {
            biased;
            () = &mut timeout => Err(PayloadError::Io(io::ErrorKind::TimedOut.into())),
            chunk = body.next() => chunk?,
        };
        let size = chunk.as_ref().map_or(0, Bytes::len);
        match left.checked_sub(size) {
            Some(left) => Some((chunk, (body, timeout, left))),
            None => Some((Err(PayloadError::Overflow), (body, timeout, 0))),
        }
    })
}

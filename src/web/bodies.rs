//! What comes after the head of a request: so much, and in so much time.

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

use crate::{accounts::Accounts, clock::Clock};

/// The most bytes a body may have: many times what our forms need.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// For so long the head of a request may take. With the body, and what the answer takes to be read,
/// this stays under 10 s.
pub const HEAD_PATIENCE: Duration = Duration::from_secs(4);

/// For so long a body may take, from the end of its head. Our forms have less than 1 KiB and come
/// in one packet; the largest that is read gets through at 33 kbit/s.
const PATIENCE: Duration = Duration::from_secs(4);

/// Cuts off bodies that are too large or too slow. Whoever reads one meets an error then; who reads
/// none is not kept.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn limited<B: MessageBody>(
    accounts: Data<Accounts>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    match request.take_payload() {
        Payload::None => {}
        body => {
            let body = Box::pin(cut_off(body, accounts.clock.clone()));
            request.set_payload(Payload::Stream { payload: body });
        }
    }
    next.call(request).await
}

/// The same body, with an error where it has gone on for too long.
fn cut_off(body: Payload, clock: Clock) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let until = clock.elapsed() + PATIENCE;
    let late = Box::pin(async move { clock.sleep_until(until).await });
    stream::unfold((body, late, MAX_BYTES), |(mut body, mut late, left)| async move {
        let chunk = tokio::select! {
            biased;
            () = &mut late => Err(PayloadError::Io(io::ErrorKind::TimedOut.into())),
            chunk = body.next() => chunk?,
        };
        let size = chunk.as_ref().map_or(0, Bytes::len);
        match left.checked_sub(size) {
            Some(left) => Some((chunk, (body, late, left))),
            None => Some((Err(PayloadError::Overflow), (body, late, 0))),
        }
    })
}

//! `Idempotency-Key` on every write that policy guards: a request that is sent again is answered as the first time, and
//! done once. `docs/adr/0006-idempotency-keys.md` tells why it works the way it does.
//!
//! It sits between the guard and the handler: the decision is made for each request anew, the body is read after it,
//! and a handler knows nothing of all this. The store marks every write as the attempt's (`palisade_store::Attempt`).

mod answer;
mod key;

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Responder, body, http::header::HeaderValue,
};
use palisade_authz::Action;
use palisade_envelope::{Code, Error, Result};
use palisade_store::{Attempt, Reservation, ReservationRequest, Store};
use palisade_tenancy::middleware::{caller, comes_with_token, sealing_key};
use tracing::Instrument as _;

use self::answer::{Answer as Recorded, Sealer};
use crate::{problem::Answer, routes::BehindGuard};

/// The header that asks for it.
pub(crate) const HEADER: &str = "idempotency-key";
/// The header of an answer that was given before.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// Answers a request that passed the guard: by the handler, unless it was answered before.
///
/// # Errors
/// What the handler answers, and the refusals of [`Store::reserve`].
pub(crate) async fn once<A, H, Args>(request: HttpRequest, mut args: Args, handler: H) -> Answer
where
    A: Action,
    H: Handler<Args>,
    H::Output: Responder + 'static,
    Args: BehindGuard<A> + FromRequest + 'static,
{
    let Some(header) = request.headers().get(HEADER) else {
        return Ok(finish(&request, handler.call(args).await));
    };
    let key = key::parse(header)?;
    let sealer = sealer(&request)?;
    let sent = match args.call() {
        Some(call) => call.keep().await?,
        None => bytes::Bytes::new(),
    };
    let wanted = ReservationRequest {
        key,
        fingerprint: sealer.fingerprint(&request, &sent)?,
    };
    let store = crate::call::app(&request)?.store.clone();
    let reserved = store.reserve(args.grant(), wanted).await;
    let attempt = match reserved.map_err(|error| of_another_token(&request, error))? {
        Reservation::Mine(attempt) => attempt,
        Reservation::Answered(attempt, sealed) => {
            return Ok(replay(sealer.open(attempt, sealed)?));
        }
    };
    // On its own: a caller that hangs up is the very one who asks again, so the work is done to its end.
    let work = async move {
        let reply = attempt.clone().scope(handler.call(args)).await;
        settle(&store, attempt, &sealer, finish(&request, reply)).await
    };
    actix_web::rt::spawn(work.instrument(tracing::Span::current()))
        .await
        .map_err(|panicked| Error::internal(panicked).into())
}

/// With a token of an issuer, who asks again may have a newer one, which opens nothing that was sealed for the one before: what was done
/// is not told then, and not done again either.
fn of_another_token(request: &HttpRequest, error: Error) -> Error {
    let token = caller(request).is_some_and(|caller| comes_with_token(&caller));
    if token && error.code() == Code::IdempotencyKeyReused {
        error.reworded("the idempotency key was used for another request, or with another token")
    } else {
        error
    }
}

/// Seals for the caller of this request, with what its API key or its issuer's token gives.
///
/// # Errors
/// `invalid_header` where the caller came with the token of a session: nothing could be kept for it alone, so nothing
/// is done.
fn sealer(request: &HttpRequest) -> Result<Sealer> {
    sealing_key(request).map(Sealer::new).ok_or_else(|| {
        Error::with_message(
            Code::InvalidHeader,
            "the header `Idempotency-Key` is not taken with the token of a session",
        )
        .detail("field", "Idempotency-Key")
        .detail(
            "expected",
            "an API key or the token of an issuer as the credential, or no such header",
        )
    })
}

fn finish(request: &HttpRequest, reply: impl Responder + 'static) -> HttpResponse {
    reply.respond_to(request).map_into_boxed_body()
}

/// Records the answer of what was done; lets the key go where nothing was.
async fn settle(
    store: &Store,
    attempt: Attempt,
    sealer: &Sealer,
    response: HttpResponse,
) -> HttpResponse {
    if !response.status().is_success() {
        if let Err(error) = store.release(attempt).await {
            tracing::warn!(cause = ?error.cause(), "an idempotency key could not be let go; it is free in a minute");
        }
        return response;
    }
    let (head, content) = response.into_parts();
    let content = body::to_bytes(content).await.unwrap_or_default();
    let recorded = Recorded::of(&head, content.clone());
    if let Err(error) = record(store, attempt, sealer, &recorded).await {
        // The caller gets the answer; who asks again is told that it is lost.
        tracing::warn!(cause = ?error.cause(), "the answer to a request with an idempotency key could not be recorded");
    }
    head.set_body(body::BoxBody::new(content))
}

async fn record(store: &Store, attempt: Attempt, sealer: &Sealer, answer: &Recorded) -> Result<()> {
    let sealed = sealer.seal(attempt.id(), answer)?;
    store.record_answer(attempt, sealed).await?;
    Ok(())
}

fn replay(answer: Recorded) -> HttpResponse {
    let mut response = answer.into_response();
    response.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static(REPLAYED),
        HeaderValue::from_static("true"),
    );
    response
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn without_a_credential_there_is_nothing_to_seal_with_and_that_is_said() {
        let request = TestRequest::post().to_http_request();
        let refused = sealer(&request).err().expect("refused");
        assert_eq!(refused.code(), Code::InvalidHeader);
        assert_eq!(refused.envelope().details["field"], "Idempotency-Key");
    }
}

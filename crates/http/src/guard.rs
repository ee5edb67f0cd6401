//! The guard: no handler runs before policy has allowed its action on its target.

use std::{future::Future, marker::PhantomData, pin::Pin, sync::Arc, time::Duration};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use palisade_authz::{Action, Authorized, Refusal};
use palisade_envelope::{Code, Error, Result};
use palisade_store::{Decides, Refusals};
use palisade_tenancy::{Caller, middleware};

use crate::{App, call, dialect::Dialect, problem::Problem, trail::Trail};

/// Where the target of an action is found when a route does not say otherwise.
pub trait Located: Action + Sized {
    /// The usual way to it.
    type By: Locate<Self>;
}

/// A way from a request to the target of an action.
pub trait Locate<A: Action>: 'static {
    /// What was loaded on the way, sealed until the decision.
    type Loaded: 'static;

    /// The target. What names nothing in the caller's tenant is a target as well: the decision comes before the 404.
    fn locate(at: At<'_>) -> impl Future<Output = Result<(A::Target, Self::Loaded)>>;
}

/// A request on its way to a target.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub(crate) app: &'a App,
    pub(crate) caller: &'a Arc<Caller>,
    pub(crate) request: &'a HttpRequest,
}

impl At<'_> {
    pub(crate) fn path(&self, name: &str) -> Result<String> {
        call::path_parameter(self.request, name)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::of(self.request.path())
    }

    /// The UUID in the path; `invalid_id` where it is none.
    pub(crate) fn id<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        parse(&self.path(name)?).ok_or_else(|| invalid_id(name))
    }
}

/// 400 `invalid_id`.
pub(crate) fn invalid_id(name: &str) -> Error {
    Error::with_message(Code::InvalidId, format!("`{name}`: expected a UUID"))
        .detail("field", name)
        .detail("expected", "a UUID")
}

/// Proof for a handler that policy allowed `A` on the target of this request, and the request's parts.
pub struct Guarded<A: Located, L: Locate<A> = <A as Located>::By> {
    /// The grant; the store takes it.
    pub grant: Authorized<A>,
    /// What was loaded for the decision.
    pub loaded: L::Loaded,
    /// Who calls, for further decisions.
    pub caller: Arc<Caller>,
    /// The application's parts.
    pub app: web::Data<App>,
    located: PhantomData<fn() -> L>,
}

impl<A: Located, L: Locate<A>> Guarded<A, L> {
    /// Locates the target and asks the gate. Handlers that lost a race call it again.
    ///
    /// # Errors
    /// `forbidden` with notices, or what locating answers.
    pub async fn acquire(request: &HttpRequest) -> Result<Self> {
        let app = call::app(request)?;
        let caller =
            middleware::caller(request).ok_or_else(|| Error::new(Code::Unauthenticated))?;
        let at = At {
            app: &app,
            caller: &caller,
            request,
        };
        let (target, loaded) = L::locate(at).await?;
        let grant = decide::<A>(request, target).await?;
        Ok(Self {
            grant,
            loaded,
            caller,
            app,
            located: PhantomData,
        })
    }
}

impl<A: Located, L: Locate<A>> FromRequest for Guarded<A, L> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::acquire(&request).await.map_err(Problem::from) })
    }
}

/// How often a write is tried against ever newer states before its caller is told of the race.
pub(crate) const TRIES: u32 = 8;

/// Does a write that its caller bound to no revision; where another writer was faster, everything is done again:
/// load, decision, change.
///
/// # Errors
/// What `write` says; `stale_resource` when the last try lost its race, too.
pub(crate) async fn retried<A, L, T, F, Fut>(
    request: &HttpRequest,
    first: Guarded<A, L>,
    write: F,
) -> Result<T>
where
    A: Located,
    L: Locate<A>,
    F: Fn(Guarded<A, L>) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let mut guarded = first;
    for attempt in 1..TRIES {
        match write(guarded).await {
            Err(error) if error.code() == Code::StaleResource => {
                // Not all losers at once again.
                let pause = rand::random_range(0..=5 * u64::from(attempt));
                tokio::time::sleep(Duration::from_millis(pause)).await;
                guarded = Guarded::acquire(request).await?;
            }
            answer => return answer,
        }
    }
    write(guarded).await.map_err(|error| match error.code() {
        // The caller named no revision, so a 412 would answer what was not asked.
        Code::StaleResource => Error::with_message(
            Code::Conflict,
            "the resource is being changed by others at the same time; try again",
        ),
        _ => error,
    })
}

/// Asks the gate about one action more, for what only part of an operation needs. A refusal is recorded.
///
/// # Errors
/// `forbidden` with notices.
pub(crate) async fn decide<A: Action>(
    request: &HttpRequest,
    target: A::Target,
) -> Result<Authorized<A>> {
    let refusals = Refusals::default();
    let decided = decide_among::<A>(request, target, &refusals).await;
    refusals.record(&call::app(request)?.store);
    decided
}

/// The caller of a request, as the store asks for further grants on its behalf.
pub(crate) struct Asking<'a> {
    pub(crate) request: &'a HttpRequest,
    /// Where refusals are left.
    pub(crate) refusals: &'a Refusals,
}

impl Decides for Asking<'_> {
    async fn decide<A: Action>(&self, target: A::Target) -> Result<Authorized<A>> {
        // On the heap: it is asked from deep within, where the compiler gives up on ever larger futures.
        Box::pin(decide_among::<A>(self.request, target, self.refusals)).await
    }
}

/// As [`decide`], as one question of many: a refusal is left with `refusals`.
///
/// # Errors
/// `forbidden` with notices.
pub(crate) async fn decide_among<A: Action>(
    request: &HttpRequest,
    target: A::Target,
    refusals: &Refusals,
) -> Result<Authorized<A>> {
    let app = call::app(request)?;
    let caller = middleware::caller(request).ok_or_else(|| Error::new(Code::Unauthenticated))?;
    let trail = Trail::of(request);
    match app
        .gate
        .decide::<A>(&caller, target, trail.context(request))
        .await
    {
        Ok(grant) => {
            trail.allowed(A::NAME, grant.determining());
            Ok(grant)
        }
        Err(refusal) => {
            if let Refusal::Denied(denied) = &refusal {
                trail.denied(A::NAME);
                refusals.add(denied);
            }
            Err(refusal.into())
        }
    }
}

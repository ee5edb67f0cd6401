//! The first time that somebody comes with a provider's token: linked or created by the provider's rules, or put before a
//! person. `docs/adr/0012-when-accounts-are-linked.md` tells by which.

use actix_web::HttpRequest;
use chrono::TimeDelta;
use palisade_authz::{Authorized, NamedTarget, Refusal, action::SignInThroughProvider};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    IdentityId, Via,
    change::{self, AddressImport, Changed, CreateIdentity},
    provider::OnConflict,
};
use palisade_linking::{CreatePlan, Decision, ReviewPlan, auto};
use palisade_store::{Account, SignIn, SignInState};
use palisade_tenancy::issuer::Stranger;

use crate::{App, admin::identities::schema, guard::TRIES, trail::Trail};

/// After how long a case that waits is written again, where nothing of it is new.
const AGAIN: TimeDelta = TimeDelta::hours(1);
/// After how long it is, whatever is new: how often somebody comes, and with what, is not for us to choose.
const AT_MOST: TimeDelta = TimeDelta::minutes(10);

/// Links the account, or makes an identity for it.
///
/// # Errors
/// `link_requires_review`, `not_linked`, `forbidden` where the tenant's policies say so; never who has the e-mail address.
pub(crate) async fn first(app: &App, request: &HttpRequest, stranger: &Stranger) -> Result<()> {
    let answer = tried(app, request, stranger).await;
    if let Err(error) = &answer
        && matches!(error.code(), Code::NotLinked | Code::LinkRequiresReview)
    {
        app.admission.turn_away(stranger, error.code());
    }
    answer
}

async fn tried(app: &App, request: &HttpRequest, stranger: &Stranger) -> Result<()> {
    for _ in 1..TRIES {
        match once(app, request, stranger).await {
            // Somebody was faster: what is so now is looked at anew.
            Err(error) if matches!(error.code(), Code::StaleResource | Code::AlreadyLinked) => {}
            answer => return answer,
        }
    }
    once(app, request, stranger).await
}

async fn once(app: &App, request: &HttpRequest, stranger: &Stranger) -> Result<()> {
    let grant = granted(app, request, stranger).await?;
    let said = &stranger.assertion;
    let state = app
        .store
        .sign_in_state(&grant, &said.subject, said.email.as_deref())
        .await?
        .ok_or_else(|| Error::new(Code::Unauthenticated))?;
    let known = state.account.as_ref().map(Account::known);
    let revision = state.provider.revision;
    let now = app.clock.now();
    match auto::plan(&state.provider, said, known, &state.candidates)? {
        Decision::Known(_) => Ok(()),
        Decision::Refuse(refusal) => {
            tracing::info!(
                tenant.id = %grant.tenant(),
                provider.id = %stranger.provider,
                why = refusal.as_str(),
                "a sign-in was refused"
            );
            Err(refusal.error())
        }
        Decision::Review(plan) => Err(review(app, grant, &state, plan).await?),
        Decision::Link(plan) => {
            let identity = app
                .store
                .identity_to_sign_in(&grant, &plan)
                .await?
                .filter(|identity| state.revisions.get(&identity.id) == Some(&identity.revision))
                .ok_or_else(|| Error::new(Code::StaleResource))?;
            let changed = change::link(
                &identity,
                plan.provider_name(),
                plan.provider_type(),
                plan.external_id(),
                now,
            )?;
            let plan = SignIn::Link(plan, identity.revision, changed);
            app.store.sign_in(grant, revision, plan).await
        }
        Decision::Create(plan) => {
            let case = plan.review();
            let made = match made(app, &grant, &plan).await {
                Ok(changed) => {
                    let plan = SignIn::Create(plan, changed);
                    app.store.sign_in(grant, revision, plan).await
                }
                Err(error) => Err(error),
            };
            match made {
                // The traits do not fit, or something of them is another's.
                Err(error) if is_about_traits(&error) => {
                    if state.provider.linking.on_conflict == OnConflict::Refuse {
                        return Err(Error::new(Code::NotLinked));
                    }
                    let grant = granted(app, request, stranger).await?;
                    Err(review(app, grant, &state, case).await?)
                }
                made => made,
            }
        }
    }
}

fn is_about_traits(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::SchemaViolation | Code::InvalidRequest | Code::Conflict
    )
}

async fn granted(
    app: &App,
    request: &HttpRequest,
    stranger: &Stranger,
) -> Result<Authorized<SignInThroughProvider>> {
    let target = NamedTarget::identity_provider(stranger.provider);
    let context = Trail::of(request).context(request);
    app.gate
        .decide::<SignInThroughProvider>(&stranger.caller, target, context)
        .await
        .map_err(|refusal| {
            if let Refusal::Denied(denied) = &refusal {
                app.store.record_denials(denied, 1);
            }
            refusal.into()
        })
}

/// The identity that the plan makes, with the account, and with the e-mail address as verified as the provider says.
async fn made(
    app: &App,
    grant: &Authorized<SignInThroughProvider>,
    plan: &CreatePlan,
) -> Result<Changed> {
    let schema = schema(app, grant.scope(), plan.schema_id()).await?;
    let now = app.clock.now();
    let verified = plan.verified_email().map(|email| AddressImport {
        via: Via::Email,
        value: email.to_owned(),
        verified: true,
        status: None,
        verified_at: Some(now),
        break_glass_for_organization: None,
    });
    let input = CreateIdentity {
        schema_id: Some(plan.schema_id().to_owned()),
        traits: Some(plan.traits().clone()),
        verifiable_addresses: verified.into_iter().collect(),
        ..CreateIdentity::default()
    };
    let changed = change::create(input, &schema, IdentityId::generate(now), now)?;
    // Where the schema does not make an address of the e-mail that is believed, what it does make one of was believed by nobody.
    if let Some(email) = plan.verified_email() {
        let addresses = &changed.identity.verifiable_addresses;
        if !addresses.iter().all(|address| address.verified)
            || !addresses.iter().any(|address| address.value == email)
        {
            return Err(Error::new(Code::SchemaViolation));
        }
    }
    let link = plan.link(changed.identity.id);
    change::with_account(
        changed,
        link.provider_name(),
        link.provider_type(),
        link.external_id(),
        now,
    )
}

/// Puts the case before a person, unless it is there already. The answer to whoever waits.
async fn review(
    app: &App,
    grant: Authorized<SignInThroughProvider>,
    state: &SignInState,
    plan: ReviewPlan,
) -> Result<Error> {
    let waits = state.account.as_ref().is_some_and(|account| {
        let external = &account.external;
        let news =
            |known: &Option<String>, said: Option<&str>| said.is_some() && known.as_deref() != said;
        let new = account.why != Some(plan.why())
            || news(&external.external_email, plan.email())
            || news(&external.external_username, plan.username())
            || news(&external.external_display_name, plan.display_name());
        let pause = if new { AT_MOST } else { AGAIN };
        external
            .last_synced_at
            .is_some_and(|synced| app.clock.now() - synced < pause)
    });
    if !waits {
        let revision = state.provider.revision;
        app.store
            .sign_in(grant, revision, SignIn::Review(plan))
            .await?;
    }
    Ok(Error::new(Code::LinkRequiresReview))
}

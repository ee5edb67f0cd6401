//! What a new text of a schema would do to the identities that have it.

use std::sync::Arc;

use actix_web::HttpRequest;
use palisade_authz::{
    Own,
    action::{ListIdentities, PutIdentitySchema},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentitySchema;
use palisade_store::{ImpactBudget, SchemaImpact};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::guard::{Guarded, decide};

/// How many checks of this program's run at once.
static TURNS: Semaphore = Semaphore::const_new(2);

/// What a new text of a schema would do.
#[derive(ToSchema)]
#[schema(as = SchemaImpact)]
#[expect(
    dead_code,
    reason = "describes `palisade_store::SchemaImpact` in the document"
)]
pub(super) struct ImpactBody {
    /// How many identities of the schema were looked at.
    checked: u64,
    /// How many of them would no longer fit.
    failing: u64,
    /// Whether all were looked at: a check ends after a million, or after 25 seconds.
    complete: bool,
    /// Up to 20 of those that would not fit.
    sample: Vec<MisfitBody>,
}

/// An identity that would not fit.
#[derive(ToSchema)]
#[schema(as = SchemaMisfit)]
#[expect(
    dead_code,
    reason = "describes `palisade_store::Misfit` in the document"
)]
struct MisfitBody {
    id: uuid::Uuid,
    /// What is wrong with its traits. No value of them is told.
    errors: Vec<FaultBody>,
}

/// One fault.
#[derive(ToSchema)]
#[schema(as = SchemaFault)]
#[expect(dead_code, reason = "describes a fault in the document")]
struct FaultBody {
    /// The trait.
    field: String,
    /// What the schema wants there.
    expected: String,
}

/// What the schema that the grant is about would do with this text.
///
/// Which identities fit a schema tells of their traits, so the caller must be allowed to list them.
///
/// # Errors
/// `forbidden`.
pub(super) async fn of(
    request: &HttpRequest,
    guarded: &Guarded<PutIdentitySchema>,
    schema: IdentitySchema,
) -> Result<SchemaImpact> {
    let _grant = decide::<ListIdentities>(request, Own).await?;
    // Each takes a core for as long as its budget lasts.
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    guarded
        .app
        .store
        .schema_impact(&guarded.grant, &Arc::new(schema), ImpactBudget::default())
        .await
}

/// The refusal that reports it.
///
/// # Errors
/// `internal` where it does not serialize.
pub(super) fn refusal(impact: &SchemaImpact) -> Result<Error> {
    let report = serde_json::to_value(impact).map_err(Error::internal)?;
    let error = if impact.failing > 0 {
        Error::new(Code::BreaksIdentities)
    } else {
        Error::with_message(
            Code::BreaksIdentities,
            "not all identities of this schema could be checked in time; add `?force=true` to write it all the same",
        )
    };
    Ok(error.detail("impact", report))
}

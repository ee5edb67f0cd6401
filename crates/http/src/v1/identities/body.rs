//! External identities, candidates and what became of them, as callers read them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use palisade_linking::{Candidate, Why};
use palisade_store::{Account, LinkEvent};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An account at an outside provider, linked to a user or waiting for a person. Every field is always present.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedIdentity)]
pub(super) struct AccountBody {
    id: Uuid,
    /// The user that it is linked to; `null`: nobody.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    identity_provider_id: Uuid,
    /// The provider's name, unique in the tenant.
    provider_name: String,
    #[schema(value_type = crate::words::ProviderWord)]
    provider_type: &'static str,
    /// The subject at the provider.
    external_id: String,
    /// As the provider last said.
    #[schema(required = true)]
    external_username: Option<String>,
    /// As the provider last said; never a key.
    #[schema(required = true)]
    external_email: Option<String>,
    /// As the provider last said.
    #[schema(required = true)]
    external_display_name: Option<String>,
    #[schema(value_type = crate::words::LinkedByWord)]
    linked_by: &'static str,
    /// When the provider last spoke of it.
    #[schema(required = true)]
    last_synced_at: Option<DateTime<Utc>>,
    /// Which rule stopped a link; `null` where it is linked.
    #[schema(required = true)]
    why: Option<WhyBody>,
    /// When an administrator rejected it.
    #[schema(required = true)]
    rejected_at: Option<DateTime<Utc>>,
    /// The users that have its e-mail address now; none where it is linked.
    candidates: Vec<CandidateBody>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Which rule stopped a link.
#[derive(Serialize, ToSchema)]
#[schema(as = WhyNotLinked)]
pub(super) struct WhyBody {
    #[schema(value_type = crate::words::WhyWord)]
    code: &'static str,
    message: &'static str,
}

/// A user that has the e-mail address.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkCandidate)]
pub(super) struct CandidateBody {
    user_id: Uuid,
    /// How it has the address.
    #[schema(value_type = Vec<crate::words::HeldWord>)]
    has_it_as: Vec<&'static str>,
    /// Whether it can sign in.
    active: bool,
    /// Whether it is linked to another account at the same provider.
    other_account: bool,
}

fn why(why: Why) -> WhyBody {
    WhyBody {
        code: why.as_str(),
        message: why.sentence(),
    }
}

fn candidates(found: &[Candidate]) -> Vec<CandidateBody> {
    let mut by_user: BTreeMap<Uuid, CandidateBody> = BTreeMap::new();
    for candidate in found {
        let user_id = candidate.user.as_uuid();
        let body = by_user.entry(user_id).or_insert_with(|| CandidateBody {
            user_id,
            has_it_as: Vec::new(),
            active: candidate.active,
            other_account: candidate.other_subject,
        });
        body.has_it_as.push(candidate.held.as_str());
    }
    by_user.into_values().collect()
}

impl From<Account> for AccountBody {
    fn from(account: Account) -> Self {
        let external = account.external;
        Self {
            id: external.id.as_uuid(),
            user_id: external.user_id.map(|id| id.as_uuid()),
            identity_provider_id: external.identity_provider_id.as_uuid(),
            provider_name: external.provider_name,
            provider_type: external.provider_type.as_str(),
            external_id: external.external_id,
            external_username: external.external_username,
            external_email: external.external_email,
            external_display_name: external.external_display_name,
            linked_by: external.linked_by.as_str(),
            last_synced_at: external.last_synced_at,
            why: account.why.map(why),
            rejected_at: account.rejected_at,
            candidates: candidates(&account.candidates),
            created_at: external.created_at,
            updated_at: external.updated_at,
        }
    }
}

/// Something that became of an external identity.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkEvent)]
pub(super) struct EventBody {
    id: Uuid,
    at: DateTime<Utc>,
    #[schema(value_type = crate::words::HappenedWord)]
    event: &'static str,
    /// Whom it was linked to, or unlinked from.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    #[schema(value_type = crate::words::LinkedByWord)]
    linked_by: &'static str,
    /// Which rule stopped a link, where one did.
    #[schema(required = true)]
    why: Option<WhyBody>,
    /// Whether it went against a rule because the caller said so.
    forced: bool,
    /// Whether it took the event before it back.
    undo: bool,
    actor: ActorBody,
    request_id: String,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkActor)]
pub(super) struct ActorBody {
    /// `ApiKey`, `Identity`, `IdentityProvider` or `Operator`.
    #[serde(rename = "type")]
    kind: String,
    id: Uuid,
    name: String,
}

impl From<LinkEvent> for EventBody {
    fn from(event: LinkEvent) -> Self {
        Self {
            id: event.id,
            at: event.at,
            event: event.event.as_str(),
            user_id: event.user.map(|id| id.as_uuid()),
            linked_by: event.linked_by.as_str(),
            why: event.why.map(why),
            forced: event.forced,
            undo: event.undo,
            actor: ActorBody {
                kind: event.actor.kind,
                id: event.actor.id.as_uuid(),
                name: event.actor.name,
            },
            request_id: event.request_id,
        }
    }
}

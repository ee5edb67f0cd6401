//! `PATCH /admin/identities`: many creations and deletions in one transaction, each answered in its place.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use palisade_authz::{
    Authorized, Own,
    action::{BatchIdentities, CreateIdentity, DeleteIdentity},
};
use palisade_envelope::{Code, Envelope, Error, Result};
use palisade_identity::{
    IdentityId, IdentitySchema, change,
    decode::{self, BatchWork},
};
use palisade_store::{BatchItem, KnownProviders, Refusals};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::hash_password;
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::{self, Asking, Guarded},
    problem::Answer,
    render,
    reply::Reply,
    requests::BatchBody,
    words::OutcomeWord,
};

/// How many passwords of one batch are hashed at a time, so that those of others have their turn.
const HASHES: usize = 2;

/// What became of each item, in its place.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchPatchIdentitiesResponse)]
pub(super) struct BatchReply {
    /// `null` for an item that asked for nothing.
    identities: Vec<Option<ItemReply>>,
}

/// What became of one item.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityPatchResponse)]
struct ItemReply {
    /// `create`, `delete`, or `error` for an item that was not done.
    #[schema(value_type = OutcomeWord)]
    action: &'static str,
    /// The identity that was made or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    identity: Option<IdentityId>,
    /// As it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_id: Option<Uuid>,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

/// Why an item was not done.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityPatchError)]
struct ItemError {
    /// The code; callers branch on it.
    id: &'static str,
    /// The status that a request for this item alone would have had.
    code: u16,
    /// Its name.
    status: &'static str,
    /// What exactly is wrong.
    reason: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object, required = false)]
    details: Map<String, Value>,
    /// What policies say that refused it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
    /// What the status means in general.
    message: &'static str,
}

impl From<&Envelope> for ItemError {
    fn from(envelope: &Envelope) -> Self {
        let (status, message) = render::ory_words(envelope.code.status());
        Self {
            id: envelope.code.as_str(),
            code: envelope.code.status(),
            status,
            reason: envelope.message.clone().into_owned(),
            details: envelope.details.clone(),
            notices: envelope
                .notices
                .iter()
                .map(|notice| notice.as_str().to_owned())
                .collect(),
            message,
        }
    }
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "batchPatchIdentities",
        "identities.batch",
        "identity",
        "Create and delete many identities",
    )
    .body::<BatchBody>(Media::Any)
    .replies::<BatchReply>(200)
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::Conflict,
        Code::BodyTooLarge,
    ])
}

pub(super) async fn batch(guarded: Guarded<BatchIdentities>, mut call: Call) -> Answer {
    let body = call.body(Media::Any).await?;
    let items = decode::batch(&body)?;
    drop(body);
    let mut batch = Batch::new(items);
    let refusals = Refusals::default();
    let prepared = batch.prepare_all(&guarded, &call.request, &refusals);
    let prepared = prepared.await;
    // Also where it broke off: what was refused was asked for.
    refusals.record(&guarded.app.store);
    let create = prepared?;
    let (places, items) = batch.ready();
    let outcomes = if items.is_empty() {
        Vec::new()
    } else {
        let store = &guarded.app.store;
        store.batch_identities(guarded.grant, create, items).await?
    };
    for (place, outcome) in places.into_iter().zip(outcomes) {
        batch.done(place, outcome);
    }
    Reply::ok(&call.request).json(&batch.reply())
}

/// The items on their way.
struct Batch {
    items: Vec<Item>,
}

struct Item {
    patch_id: Option<Uuid>,
    /// `create` or `delete`.
    action: &'static str,
    state: State,
}

enum State {
    Nothing,
    Create(Box<change::CreateIdentity>),
    Delete(IdentityId),
    Ready(BatchItem),
    Done(IdentityId),
    Refused(Envelope),
}

impl Batch {
    fn new(items: Vec<decode::BatchItem>) -> Self {
        let item = |item: decode::BatchItem| {
            let (action, state) = match item.work {
                BatchWork::Nothing => ("", State::Nothing),
                BatchWork::Create(create) => ("create", State::Create(create)),
                BatchWork::Delete(id) => ("delete", State::Delete(id)),
            };
            Item {
                patch_id: item.patch_id,
                action,
                state,
            }
        };
        Self {
            items: items.into_iter().map(item).collect(),
        }
    }

    /// Decides on all items, and makes the first states of what is to be created.
    async fn prepare_all(
        &mut self,
        guarded: &Guarded<BatchIdentities>,
        request: &HttpRequest,
        refusals: &Refusals,
    ) -> Result<Option<Authorized<CreateIdentity>>> {
        let create = self.allow_creating(request, refusals).await?;
        self.prepare(guarded, request, refusals).await?;
        self.allow_deleting(guarded, request, refusals).await?;
        Ok(create)
    }

    /// One decision for all creations: where it is a refusal, it is that of each.
    async fn allow_creating(
        &mut self,
        request: &HttpRequest,
        refusals: &Refusals,
    ) -> Result<Option<Authorized<CreateIdentity>>> {
        let creates = |item: &Item| matches!(item.state, State::Create(_));
        if !self.items.iter().any(creates) {
            return Ok(None);
        }
        match guard::decide_among::<CreateIdentity>(request, Own, refusals).await {
            Ok(grant) => Ok(Some(grant)),
            Err(error) if error.code() == Code::Forbidden => {
                for item in self.items.iter_mut().filter(|item| creates(item)) {
                    item.state = State::Refused(error.envelope().clone());
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes the first states of what is to be created, and gets the grants for their links.
    async fn prepare(
        &mut self,
        guarded: &Guarded<BatchIdentities>,
        request: &HttpRequest,
        refusals: &Refusals,
    ) -> Result<()> {
        let mut inputs = Vec::new();
        for (place, item) in self.items.iter_mut().enumerate() {
            match std::mem::replace(&mut item.state, State::Nothing) {
                State::Create(create) => inputs.push((place, create)),
                other => item.state = other,
            }
        }
        if inputs.is_empty() {
            return Ok(());
        }
        let app = &guarded.app;
        let named: BTreeSet<&str> = inputs.iter().map(|(_, input)| input.schema_id()).collect();
        let schemas = app
            .store
            .identity_schemas(guarded.grant.scope(), &named)
            .await?;
        let inputs: Vec<_> = stream::iter(inputs)
            .map(|(place, mut input)| async move {
                hash_password(app, &mut input.credentials).await?;
                Ok::<_, Error>((place, input))
            })
            .buffered(HASHES)
            .try_collect()
            .await?;
        let now = app.clock.now();
        // All of one millisecond: sorted, so that they are listed in the order of the items.
        let mut ids: Vec<_> = inputs.iter().map(|_| IdentityId::generate(now)).collect();
        ids.sort_unstable();
        // A thousand validations are too much for a thread that serves others.
        let changes = tokio::task::spawn_blocking(move || {
            let change = |((place, input), id): ((usize, Box<change::CreateIdentity>), _)| {
                let changed = match schemas.get(input.schema_id()) {
                    Some(schema) => change::create(*input, schema, id, now),
                    None => Err(IdentitySchema::unknown(input.schema_id())),
                };
                (place, changed)
            };
            inputs.into_iter().zip(ids).map(change).collect::<Vec<_>>()
        })
        .await
        .map_err(Error::internal)?;
        let made = changes
            .iter()
            .filter_map(|(_, changed)| changed.as_ref().ok());
        let providers = KnownProviders::of(&app.store, guarded.grant.scope(), made).await?;
        let asking = Asking { request, refusals };
        for (place, changed) in changes {
            let ready = match changed {
                Ok(changed) => providers.grants(&asking, &changed).await.map(|imports| {
                    let changed = Box::new(changed);
                    BatchItem::Create { changed, imports }
                }),
                Err(error) => Err(error),
            };
            let state = match ready {
                Ok(item) => State::Ready(item),
                Err(error) if is_of_the_item(&error) => State::Refused(error.envelope().clone()),
                Err(error) => return Err(error),
            };
            self.set(place, state);
        }
        Ok(())
    }

    /// A decision for each deletion, on the identity as it is.
    async fn allow_deleting(
        &mut self,
        guarded: &Guarded<BatchIdentities>,
        request: &HttpRequest,
        refusals: &Refusals,
    ) -> Result<()> {
        let deletions = self.items.iter().enumerate();
        let (places, ids): (Vec<_>, Vec<_>) = deletions
            .filter_map(|(place, item)| match item.state {
                State::Delete(id) => Some((place, id)),
                _ => None,
            })
            .unzip();
        let scope = guarded.grant.scope();
        let targets = guarded.app.store.identity_targets(scope, &ids).await?;
        for (place, target) in places.into_iter().zip(targets) {
            let state = match guard::decide_among::<DeleteIdentity>(request, target, refusals).await
            {
                Ok(grant) => State::Ready(BatchItem::Delete(grant)),
                Err(error) if error.code() == Code::Forbidden => {
                    State::Refused(error.envelope().clone())
                }
                Err(error) => return Err(error),
            };
            self.set(place, state);
        }
        Ok(())
    }

    fn set(&mut self, place: usize, state: State) {
        if let Some(item) = self.items.get_mut(place) {
            item.state = state;
        }
    }

    /// The items for the store, and the place of each.
    fn ready(&mut self) -> (Vec<usize>, Vec<BatchItem>) {
        let mut ready = (Vec::new(), Vec::new());
        for (place, item) in self.items.iter_mut().enumerate() {
            match std::mem::replace(&mut item.state, State::Nothing) {
                State::Ready(work) => {
                    ready.0.push(place);
                    ready.1.push(work);
                }
                other => item.state = other,
            }
        }
        ready
    }

    fn done(&mut self, place: usize, outcome: Result<IdentityId>) {
        let state = match outcome {
            Ok(id) => State::Done(id),
            Err(error) => State::Refused(error.envelope().clone()),
        };
        self.set(place, state);
    }

    fn reply(&self) -> BatchReply {
        let reply = |item: &Item| {
            let (action, identity, error) = match &item.state {
                State::Done(id) => (item.action, Some(*id), None),
                State::Refused(envelope) => ("error", None, Some(ItemError::from(envelope))),
                _ => return None,
            };
            Some(ItemReply {
                action,
                identity,
                patch_id: item.patch_id,
                error,
            })
        };
        BatchReply {
            identities: self.items.iter().map(reply).collect(),
        }
    }
}

/// Whether an error is one item's own. What is wrong with credentials to import refuses the whole batch, as at Ory.
fn is_of_the_item(error: &Error) -> bool {
    let field = error.envelope().details.get("field");
    let of_credentials = field
        .and_then(Value::as_str)
        .is_some_and(|field| field.starts_with("credentials"));
    error.code().status() < 500 && !of_credentials
}

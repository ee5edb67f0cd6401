//! The sample data, made the way a request makes it: the key admitted, the gate asked, the store told.

use std::sync::Arc;

use palisade_authz::{
    Action, Authorized, NamedTarget, Own, RequestContext,
    action::{
        CreateIdentity, CreateIdentityProvider, LinkExternalIdentity, ListIdentities,
        ListIdentityProviders, PutIdentitySchema,
    },
};
use palisade_envelope::Code;
use palisade_identity::{
    IdentityId, IdentityProvider, ProviderType, change, decode, filter::IdentityFilter,
    page::PageSize,
};
use palisade_linking::manual::{LinkRequest, plan_link};
use palisade_store::{NewIdentityProvider, PageRequest, ProviderSettings};
use palisade_tenancy::{Caller, Clock as _, SystemClock};
use serde_json::{Value, json};

use super::keys::Keys;
use crate::{Failure, node::Node};

/// The schema that the samples have, beside `default`.
pub(super) const SCHEMA: &str = "employee";

/// The provider that they have accounts at.
const PROVIDER: &str = "google";

/// Makes the schema and the identities, each with an account at the provider `google`.
pub(super) async fn seed(node: &Node, keys: &Keys) -> Result<(), Failure> {
    let owner = keys.owner(node).await?;
    let grant =
        may::<PutIdentitySchema>(node, &owner, NamedTarget::identity_schema(SCHEMA)).await?;
    node.store
        .put_identity_schema(grant, &schema(), None)
        .await?;
    let grant = may::<CreateIdentityProvider>(node, &owner, Own).await?;
    made(node.store.create_identity_provider(grant, provider()).await)?;
    let compiled = node
        .store
        .identity_schema(owner.scope(), SCHEMA)
        .await?
        .ok_or_else(|| {
            Failure::new("the sample schema was stored but can't be found; try again")
        })?;
    let provider = provider_made(node, &owner).await?;
    for person in PEOPLE {
        let input = decode::create(person.body().to_string().as_bytes())?;
        let now = SystemClock.now();
        let changed = change::create(input, &compiled, IdentityId::generate(now), now)?;
        let grant = may::<CreateIdentity>(node, &owner, Own).await?;
        made(node.store.create_identity(grant, changed, None).await)?;
        link(node, &owner, &provider, person).await?;
    }
    Ok(())
}

/// The provider that was made, by this start or by one that was stopped.
async fn provider_made(node: &Node, owner: &Arc<Caller>) -> Result<IdentityProvider, Failure> {
    let grant = may::<ListIdentityProviders>(node, owner, Own).await?;
    let first = PageRequest {
        size: PageSize::LARGEST,
        token: None,
    };
    let page = node.store.list_identity_providers(&grant, &first).await?;
    page.items
        .into_iter()
        .find(|provider| provider.name == PROVIDER)
        .ok_or_else(|| Failure::new("the sample provider was stored but can't be found; try again"))
}

/// Links a person's account, as an admin would.
async fn link(
    node: &Node,
    owner: &Arc<Caller>,
    provider: &IdentityProvider,
    person: &Person,
) -> Result<(), Failure> {
    let sealed = node
        .store
        .load_identity_by_external_id(owner.scope(), &person.external_id())
        .await?;
    let grant = may::<LinkExternalIdentity>(node, owner, sealed.target()).await?;
    let Some(identity) = sealed.open(&grant) else {
        // Who deletes a sample while the others are still being made does not want it.
        return Ok(());
    };
    let already = node
        .store
        .external_identity_of(&grant, provider.id, person.subject)
        .await?;
    let request = LinkRequest {
        user: identity.id,
        external_id: person.subject.to_owned(),
        external_username: Some(person.login.to_owned()),
        external_email: Some(person.email()),
        external_display_name: Some(format!("{} {}", person.first, person.last)),
    };
    let plan = match plan_link(
        provider,
        request,
        already.as_ref().map(palisade_store::Account::known),
    ) {
        Err(error) if error.code() == Code::AlreadyLinked => return Ok(()),
        plan => plan?,
    };
    let changed = change::link(
        &identity,
        &provider.name,
        provider.kind,
        person.subject,
        SystemClock.now(),
    )?;
    node.store
        .link_external_identity(grant, identity.revision, plan, changed)
        .await?;
    Ok(())
}

/// Whether it was made now, or by a start that was stopped before it could say so.
fn made<T>(result: palisade_envelope::Result<T>) -> Result<(), Failure> {
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Code::Conflict => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn provider() -> NewIdentityProvider {
    NewIdentityProvider {
        name: PROVIDER.to_owned(),
        kind: ProviderType::Oidc,
        issuer: Some("https://accounts.google.com".to_owned()),
        settings: ProviderSettings::default(),
    }
}

/// The oldest identity of the tenant; `None` where there is none or nobody may look.
pub(super) async fn user(node: &Node, keys: &Keys) -> Result<Option<IdentityId>, Failure> {
    let owner = match keys.owner(node).await {
        Ok(owner) => owner,
        Err(error) if error.code() == Code::TenantSuspended => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let grant = may::<ListIdentities>(node, &owner, Own).await?;
    let first = PageRequest {
        size: PageSize::V1_DEFAULT,
        token: None,
    };
    let page = node
        .store
        .list_identities(&grant, &IdentityFilter::default(), &first)
        .await?;
    Ok(page.items.first().map(|identity| identity.id))
}

async fn may<A: Action>(
    node: &Node,
    caller: &Arc<Caller>,
    target: A::Target,
) -> Result<Authorized<A>, Failure> {
    Ok(node
        .gate
        .decide::<A>(caller, target, RequestContext::default())
        .await?)
}

fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Employee",
        "type": "object",
        "properties": {
            "traits": {
                "type": "object",
                "properties": {
                    "email": {
                        "type": "string",
                        "format": "email",
                        "title": "E-mail",
                        "maxLength": 320,
                        "ory.sh/kratos": {
                            "credentials": { "password": { "identifier": true }, "code": { "identifier": true, "via": "email" } },
                            "verification": { "via": "email" },
                            "recovery": { "via": "email" }
                        }
                    },
                    "name": {
                        "type": "object",
                        "properties": { "first": { "type": "string" }, "last": { "type": "string" } },
                        "additionalProperties": false
                    },
                    "department": { "type": "string", "enum": ["engineering", "finance", "support"] }
                },
                "required": ["email", "department"],
                "additionalProperties": false
            }
        },
        "required": ["traits"]
    })
}

/// Someone who works at the sample tenant.
struct Person {
    login: &'static str,
    first: &'static str,
    last: &'static str,
    department: &'static str,
    /// At the provider.
    subject: &'static str,
}

const PEOPLE: &[Person] = &[
    Person {
        login: "ada",
        first: "Ada",
        last: "Okafor",
        department: "engineering",
        subject: "108642097531864209753",
    },
    Person {
        login: "bruno",
        first: "Bruno",
        last: "Lindqvist",
        department: "finance",
        subject: "113579246801357924680",
    },
    Person {
        login: "chen",
        first: "Chen",
        last: "Moreau",
        department: "support",
        subject: "117263548190726354819",
    },
];

impl Person {
    fn email(&self) -> String {
        format!("{}@example.com", self.login)
    }

    fn external_id(&self) -> String {
        format!("employee-{}", self.login)
    }

    fn body(&self) -> Value {
        json!({
            "schema_id": SCHEMA,
            "external_id": self.external_id(),
            "traits": {
                "email": self.email(),
                "name": { "first": self.first, "last": self.last },
                "department": self.department,
            },
        })
    }
}

//! The sample data, made the way a request makes it: the key admitted, the gate asked, the store told.

use std::sync::Arc;

use palisade_authz::{
    Action, Authorized, IdentityTarget, NamedTarget, Own, RequestContext,
    action::{
        CreateIdentity, CreateIdentityProvider, LinkExternalIdentity, ListIdentities,
        PutIdentitySchema,
    },
};
use palisade_envelope::Code;
use palisade_identity::{
    IdentityId, ProviderType, change, decode, filter::IdentityFilter, page::PageSize,
};
use palisade_store::{ImportGrants, NewIdentityProvider, PageRequest};
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
    for body in identities() {
        let input = decode::create(body.to_string().as_bytes())?;
        let now = SystemClock.now();
        let changed = change::create(input, &compiled, IdentityId::generate(now), now)?;
        let grant = may::<CreateIdentity>(node, &owner, Own).await?;
        // Their provider is there: it was made above.
        let imports = ImportGrants {
            link: may::<LinkExternalIdentity>(node, &owner, IdentityTarget::of(&changed.identity))
                .await?,
            provider: None,
        };
        made(
            node.store
                .create_identity(grant, changed, Some(imports))
                .await,
        )?;
    }
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

fn identities() -> [Value; 3] {
    [
        ("ada", "Ada", "Okafor", "engineering", "108642097531864209753"),
        ("bruno", "Bruno", "Lindqvist", "finance", "113579246801357924680"),
        ("chen", "Chen", "Moreau", "support", "117263548190726354819"),
    ]
    .map(|(login, first, last, department, subject)| {
        json!({
            "schema_id": SCHEMA,
            "external_id": format!("employee-{login}"),
            "traits": {
                "email": format!("{login}@example.com"),
                "name": { "first": first, "last": last },
                "department": department,
            },
            "credentials": { "oidc": { "config": { "providers": [{ "provider": PROVIDER, "subject": subject }] } } },
        })
    })
}

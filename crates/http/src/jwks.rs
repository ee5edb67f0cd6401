//! `GET /tenants/{id}/.well-known/jwks.json`: the public keys of a tenant's session tokens (RFC 7517).

use actix_web::http::{Method, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use palisade_envelope::{Code, Result};
use palisade_store::PublicKey;
use palisade_tenancy::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App,
    call::Call,
    doc::{Doc, ReplyHeader},
    guard::invalid_id,
    problem::Answer,
    reply::{Reply, base_url},
    routes::RouteTable,
};

/// How long it may be kept: a service that meets an unknown `kid` asks again.
const KEPT: &str = "public, max-age=60";

/// Keys that tell whether a token is genuine.
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
struct KeySet {
    /// The key that signs first, then those whose tokens may still be good. None for a tenant that has none, and where there
    /// is no such tenant.
    keys: Vec<Key>,
}

/// A public key (RFC 7518 section 6.2).
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKey)]
struct Key {
    kid: uuid::Uuid,
    /// `EC`.
    kty: &'static str,
    /// `P-256`.
    crv: &'static str,
    /// `ES256`.
    alg: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// The coordinates in Base64url, without padding.
    x: String,
    y: String,
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Self {
        Self {
            kid: key.id.as_uuid(),
            kty: "EC",
            crv: "P-256",
            alg: "ES256",
            usage: "sig",
            x: URL_SAFE_NO_PAD.encode(key.x),
            y: URL_SAFE_NO_PAD.encode(key.y),
        }
    }
}

pub(crate) fn mount(table: &mut RouteTable) {
    table.public(
        Method::GET,
        "/tenants/{id}/.well-known/jwks.json",
        get,
        "whoever is shown a token has to check it; the keys are public, and the answer says nothing else of the tenant, not even whether it is there",
        doc(),
    );
}

fn doc() -> Doc {
    Doc::new(
        "getSessionTokenKeys",
        "session_token_keys.public",
        "session tokens",
        "Get the public keys of a tenant's session tokens",
    )
    .replies::<KeySet>(200)
    .headers(&[ReplyHeader::always(
        "Cache-Control",
        "^public, max-age=[0-9]+$",
        "how long it may be kept",
    )])
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::Unavailable])
}

async fn get(call: Call) -> Answer {
    call.query(&[])?;
    let tenant = TenantId::parse(&call.path("id")?).ok_or_else(|| invalid_id("id"))?;
    let app = call.app()?;
    let keys = app.store.public_session_token_keys(tenant).await?;
    Reply::ok(&call.request)
        .header(header::CACHE_CONTROL.as_str(), KEPT)
        .json(&KeySet {
            keys: keys.into_iter().map(Key::from).collect(),
        })
}

/// `iss` of a tenant's tokens: below it are its keys.
///
/// # Errors
/// As [`base_url`].
pub(crate) fn issuer(call: &Call, app: &App, tenant: TenantId) -> Result<String> {
    let base = base_url(&call.request, &app.settings)?;
    Ok(format!("{base}/tenants/{tenant}"))
}

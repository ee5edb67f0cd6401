//! `GET /tenants/{id}/.well-known/jwks.json`: the public keys of a tenant's session tokens (RFC 7517).

use actix_web::http::{Method, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use palisade_envelope::Code;
use palisade_store::PublicKey;
use palisade_tenancy::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    call::Call,
    doc::{Doc, ReplyHeader},
    guard::invalid_id,
    problem::Answer,
    reply::Reply,
    routes::RouteTable,
};

/// A service that meets an unknown `kid` asks again, and must then be told of a new key, whatever stands in between.
const KEPT: &str = "public, no-cache";

/// Keys that tell whether a token is genuine.
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
struct KeySet {
    /// The key that signs, and those whose tokens may still be good. None for a tenant that has none or is not active, and
    /// where there is no such tenant.
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
        "^public, no-cache$",
        "it may be kept by whoever asks whether it still stands",
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

/// `iss` of a tenant's tokens: where `server.public_url` is set, the address that its keys are below. It is never taken
/// from the request, whose `Host` is up to whoever holds the session.
pub(crate) fn issuer(public_url: Option<&str>, tenant: TenantId) -> String {
    match public_url {
        Some(base) => format!("{base}/tenants/{tenant}"),
        None => format!("urn:palisade:tenant:{tenant}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_their_tenant_as_issuer_below_the_configured_address_or_else_by_its_id() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        let id = "00000000-0000-0000-0000-000000000007";
        let configured = issuer(Some("https://id.example.com"), tenant);
        assert_eq!(configured, format!("https://id.example.com/tenants/{id}"));
        assert_eq!(issuer(None, tenant), format!("urn:palisade:tenant:{id}"));
    }
}

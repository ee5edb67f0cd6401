//! `PATCH /v1/tenants/{id}`

use palisade_authz::action::UpdateTenant;
use palisade_envelope::{Code, Error, Result};
use palisade_store::TenantUpdate;
use utoipa::ToSchema;

use super::body::TenantBody;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Change, Fields, bounded},
    guard::Guarded,
    preconditions,
    problem::Answer,
    reply::Reply,
};

/// What to change.
#[derive(ToSchema)]
#[schema(as = UpdateTenant)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct UpdateBody {
    /// A slug, as of a new tenant; it can't be cleared.
    #[schema(value_type = String, required = false, pattern = "^[a-z0-9][a-z0-9-]{1,62}$")]
    name: Option<String>,
    /// `null` clears it.
    #[schema(min_length = 1, max_length = 255)]
    display_name: Option<String>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "updateTenant",
        "tenants.update",
        "tenants",
        "Rename a tenant",
    )
    .body::<UpdateBody>(Media::MergePatch)
    .replies::<TenantBody>(200)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::Conflict,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn update(guarded: Guarded<UpdateTenant>, mut call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    let update = read(&call.body(Media::MergePatch).await?)?;
    let tenant = guarded
        .app
        .store
        .update_tenant(guarded.grant, update, expected)
        .await?;
    let tenant = tenant.ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request)
        .etag(tenant.revision)
        .json(&TenantBody::from(tenant))
}

fn read(body: &[u8]) -> Result<TenantUpdate> {
    let mut fields = Fields::parse(body)?;
    let name = match fields.change("name")? {
        Change::Keep => None,
        Change::Clear => return Err(Error::field("name", "a slug; it can't be cleared")),
        Change::Set(text) => Some(text),
    };
    let display_name = match fields.change("display_name")? {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(bounded("display_name", text, 255)?)),
    };
    fields.finish(&["name", "display_name"])?;
    Ok(TenantUpdate { name, display_name })
}

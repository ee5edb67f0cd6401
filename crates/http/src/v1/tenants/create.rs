//! `POST /v1/tenants`

use palisade_authz::action::CreateTenant;
use palisade_envelope::Code;
use utoipa::ToSchema;

use super::body::TenantBody;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

/// A new tenant.
#[derive(ToSchema)]
#[schema(as = CreateTenant)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct CreateBody {
    /// A slug, `[a-z0-9][a-z0-9-]{1,62}`, unique in the deployment and none of the reserved words.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{1,62}$")]
    name: String,
    /// For people; 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    display_name: Option<String>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "createTenant",
        "tenants.create",
        "tenants",
        "Create a tenant",
    )
    .body::<CreateBody>(Media::Json)
    .replies::<TenantBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::Conflict,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateTenant>, mut call: Call) -> Answer {
    call.query(&[])?;
    let mut fields = Fields::parse(&call.body(Media::Json).await?)?;
    let name = fields.text("name")?;
    let display_name = fields
        .optional_text("display_name")?
        .map(|text| bounded("display_name", text, 255))
        .transpose()?;
    fields.finish(&["name", "display_name"])?;
    let tenant = guarded
        .app
        .store
        .create_tenant(guarded.grant, &name, display_name.as_deref())
        .await?;
    let place = format!("{}/{}", call.request.path(), tenant.id);
    Reply::created(&call.request, place)
        .etag(tenant.revision)
        .json(&TenantBody::from(tenant))
}

//! `/v1/identity-providers/{id}/scim`: what a SCIM connection is set to.

use actix_web::http::Method;
use palisade_authz::action::{ReadIdentityProvider, UpdateIdentityProvider};
use palisade_envelope::{Code, Error, Result};
use palisade_scim::{ResourceType, mapping::Mapping};
use palisade_store::ConnectionSettings;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::Guarded,
    problem::Answer,
    reply::Reply,
    routes::RouteTable,
};

pub(super) fn mount(table: &mut RouteTable) {
    let path = "/v1/identity-providers/{id}/scim";
    table.guarded::<ReadIdentityProvider, _, _>(Method::GET, path, get, get_doc());
    table.guarded::<UpdateIdentityProvider, _, _>(Method::PUT, path, put, put_doc());
}

/// What a SCIM connection is set to.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionSettings)]
struct SettingsBody {
    /// The identity schema of the identities that it makes.
    schema_id: String,
    /// Traits, dots between names, and the SCIM paths that they come from; `null`: the standard ones.
    #[schema(required = true, value_type = Option<Object>)]
    mapping: Option<Map<String, Value>>,
    /// Whether the names of groups are unique in the connection.
    unique_group_names: bool,
}

/// What a SCIM connection is to be set to; what is left out is as it was at first.
#[derive(ToSchema)]
#[schema(as = PutConnectionSettings)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct PutBody {
    /// The identity schema of the identities that it makes; `scim` where left out.
    #[schema(min_length = 1, max_length = 255)]
    schema_id: Option<String>,
    /// Traits, dots between names, and the SCIM paths that they come from. Left out: the standard ones.
    #[schema(value_type = Option<Object>)]
    mapping: Option<Map<String, Value>>,
    /// Whether the names of groups are unique in the connection; `false` where left out.
    unique_group_names: Option<bool>,
}

impl From<ConnectionSettings> for SettingsBody {
    fn from(settings: ConnectionSettings) -> Self {
        let ConnectionSettings {
            schema_id,
            mapping,
            unique_group_names,
        } = settings;
        Self {
            schema_id,
            mapping,
            unique_group_names,
        }
    }
}

fn get_doc() -> Doc {
    Doc::new(
        "getConnectionSettings",
        "identity_providers.scim.get",
        "identity providers",
        "Get the settings of a SCIM connection",
    )
    .replies::<SettingsBody>(200)
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

async fn get(guarded: Guarded<ReadIdentityProvider>, call: Call) -> Answer {
    call.query(&[])?;
    let settings = guarded
        .app
        .store
        .read_connection_settings(&guarded.grant)
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    Reply::ok(&call.request).json(&SettingsBody::from(settings))
}

fn put_doc() -> Doc {
    Doc::new(
        "putConnectionSettings",
        "identity_providers.scim.put",
        "identity providers",
        "Set a SCIM connection",
    )
    .body::<PutBody>(Media::Json)
    .replies::<SettingsBody>(200)
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::SchemaViolation,
        Code::NotFound,
        Code::Conflict,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

async fn put(guarded: Guarded<UpdateIdentityProvider>, mut call: Call) -> Answer {
    call.query(&[])?;
    let Guarded { grant, app, .. } = guarded;
    let settings = read(&call.body(Media::Json).await?)?;
    if settings.schema_id != ConnectionSettings::SCHEMA {
        let schema = app
            .store
            .identity_schema(grant.scope(), &settings.schema_id)
            .await?;
        if schema.is_none() {
            return Err(palisade_identity::IdentitySchema::unknown(&settings.schema_id).into());
        }
    }
    if app
        .store
        .put_connection_settings(grant, settings.clone())
        .await?
    {
        Reply::ok(&call.request).json(&SettingsBody::from(settings))
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}

fn read(body: &[u8]) -> Result<ConnectionSettings> {
    let mut fields = Fields::parse(body)?;
    let standard = ConnectionSettings::default();
    let schema_id = match fields.optional_text("schema_id")? {
        Some(id) => bounded("schema_id", id, 255)?,
        None => standard.schema_id,
    };
    let mapping = fields.optional_map("mapping")?;
    let unique_group_names = fields
        .optional_flag("unique_group_names")?
        .unwrap_or(standard.unique_group_names);
    fields.finish(&["schema_id", "mapping", "unique_group_names"])?;
    match &mapping {
        Some(members) => {
            Mapping::parse(members, &ResourceType::user())?;
        }
        // The standard traits are those of the schema that comes with a connection.
        None if schema_id != ConnectionSettings::SCHEMA => {
            return Err(Error::field(
                "mapping",
                "an object, since the standard mapping is for the schema `scim`",
            ));
        }
        None => {}
    }
    Ok(ConnectionSettings {
        schema_id,
        mapping,
        unique_group_names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_defaults_and_a_schema_of_ones_own_needs_a_mapping() {
        assert_eq!(read(b"{}").expect("reads"), ConnectionSettings::default());
        let own = br#"{"schema_id": "default", "mapping": {"email": "userName"}, "unique_group_names": true}"#;
        let own = read(own).expect("reads");
        assert!(own.unique_group_names);
        for (body, field) in [
            (r#"{"schema_id": "default"}"#, "mapping"),
            (r#"{"mapping": {"email": "nope"}}"#, "mapping.email"),
            (r#"{"mapping": []}"#, "mapping"),
            (r#"{"unique_group_names": "yes"}"#, "unique_group_names"),
        ] {
            let error = read(body.as_bytes()).expect_err(body);
            assert_eq!(error.envelope().details["field"], field);
        }
    }
}

//! Ory's clients name a schema by its id, or by the base64url of its id as `schema_url` has it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use palisade_authz::{NamedTarget, action::ReadIdentitySchema};
use palisade_envelope::Result;

use crate::guard::{At, Locate};

/// The schema that the path names in either form.
pub(super) enum EncodedSchemaInPath {}

impl Locate<ReadIdentitySchema> for EncodedSchemaInPath {
    type Loaded = ();

    async fn locate(at: At<'_>) -> Result<(NamedTarget, ())> {
        let named = at.path("id")?;
        let store = &at.app.store;
        let decoded = URL_SAFE_NO_PAD
            .decode(&named)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        // A plain id may happen to decode to something: the plain reading goes first where there is such a schema.
        let id = match decoded {
            Some(decoded)
                if store
                    .identity_schema(at.caller.scope(), &named)
                    .await?
                    .is_none() =>
            {
                decoded
            }
            _ => named,
        };
        Ok((NamedTarget::identity_schema(id), ()))
    }
}

//! What a message makes of a user and of the identity that it is.

use std::sync::Arc;

use palisade_authz::{Authorized, ConnectionTarget, action::UpdateScimUser};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    CredentialType, Identity, IdentityId, IdentitySchema, State,
    change::{self, Changed, CreateIdentity, CredentialImport, PasswordImport, ReplaceIdentity},
};
use palisade_linking::{ProvisionedLink, provisioned};
use palisade_scim::{
    Resource, ScimType, error::refusal, mapping::Mapping, patch::PasswordChange,
    resource::Password, urn, version::Versions,
};
use palisade_store::{ConnectionSettings, ScimUser, ScimUserState, Sealed, UserWrite};
use palisade_tenancy::TenantScope;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    super::context::{USER, versions},
    body,
};
use crate::{
    App,
    call::Call,
    guard::{Guarded, retried},
};

/// What a message makes of a user.
pub(in crate::scim) struct Next {
    /// The attributes.
    pub(in crate::scim) resource: Resource,
    /// What becomes of the password.
    pub(in crate::scim) password: PasswordChange,
}

/// What a connection's changes are made with.
pub(in crate::scim) struct Rules {
    connection: ConnectionTarget,
    settings: Arc<ConnectionSettings>,
    mapping: Mapping,
}

impl Rules {
    pub(in crate::scim) async fn load(
        app: &App,
        scope: &TenantScope,
        connection: ConnectionTarget,
    ) -> Result<Self> {
        let settings = app.store.connection_settings(scope, connection).await?;
        let mapping = match &settings.mapping {
            Some(members) => Mapping::parse(members, &USER)?,
            None => Mapping::standard(&USER)?,
        };
        Ok(Self {
            connection,
            settings,
            mapping,
        })
    }

    /// What the connection is set to.
    pub(in crate::scim) fn settings(&self) -> &ConnectionSettings {
        &self.settings
    }

    /// An id that a resource names must be one of the connection's. What is no id of ours is the client's to know.
    async fn check_manager(
        &self,
        app: &App,
        scope: &TenantScope,
        resource: &Resource,
        before: Option<&Resource>,
    ) -> Result<()> {
        let named = manager(resource);
        if named == before.and_then(manager) {
            return Ok(());
        }
        let Some(id) = named.and_then(IdentityId::parse) else {
            return Ok(());
        };
        let store = &app.store;
        if store.has_scim_user(scope, self.connection, id).await? {
            return Ok(());
        }
        let path = format!("{}:manager", urn::ENTERPRISE_USER);
        let sentence = format!("`{path}`: there is no user of this id");
        Err(refusal(ScimType::InvalidValue, sentence).detail("path", path))
    }

    async fn schema(
        &self,
        app: &App,
        scope: &TenantScope,
        id: &str,
    ) -> Result<Arc<IdentitySchema>> {
        app.store.identity_schema(scope, id).await?.ok_or_else(|| {
            Error::with_message(
                Code::Conflict,
                format!("the tenant has no identity schema `{id}`, which the connection is set to"),
            )
            .detail("scimType", ScimType::InvalidValue.as_str())
        })
    }

    /// A new user.
    pub(in crate::scim) async fn create(
        &self,
        app: &App,
        scope: &TenantScope,
        resource: Resource,
        password: Option<Password>,
    ) -> Result<UserWrite> {
        body::check(&resource)?;
        self.check_manager(app, scope, &resource, None).await?;
        let schema = self.schema(app, scope, &self.settings.schema_id).await?;
        let mut traits = Map::new();
        self.mapping.apply(&resource, &mut traits);
        let now = app.clock.now();
        let input = CreateIdentity {
            schema_id: Some(self.settings.schema_id.clone()),
            traits: Some(Value::Object(traits)),
            credentials: import(app, password.as_ref()).await?,
            state: Some(state(&resource)),
            ..CreateIdentity::default()
        };
        let changed = change::create(input, &schema, IdentityId::generate(now), now)
            .map_err(in_attributes)?;
        let link = link(changed.identity.id, &resource);
        Ok(UserWrite {
            changed,
            resource,
            link,
        })
    }

    /// The next state of a user.
    async fn update(
        &self,
        app: &App,
        scope: &TenantScope,
        (before, current): (&Resource, &Identity),
        next: Next,
    ) -> Result<UserWrite> {
        let Next { resource, password } = next;
        body::check(&resource)?;
        self.check_manager(app, scope, &resource, Some(before))
            .await?;
        let schema = self.schema(app, scope, &current.schema_id).await?;
        let parsed = |raw: &palisade_identity::RawJson| {
            serde_json::from_str::<Value>(raw.as_str()).map_err(Error::internal)
        };
        let mut traits = match parsed(&current.traits)? {
            Value::Object(traits) => traits,
            _ => Map::new(),
        };
        self.mapping.apply(&resource, &mut traits);
        let set = match &password {
            PasswordChange::Set(password) => Some(password),
            PasswordChange::Kept | PasswordChange::Removed => None,
        };
        let input = ReplaceIdentity {
            schema_id: None,
            traits: Some(Value::Object(traits)),
            credentials: import(app, set).await?,
            metadata_public: current.metadata_public.as_ref().map(parsed).transpose()?,
            metadata_admin: current.metadata_admin.as_ref().map(parsed).transpose()?,
            state: Some(state(&resource)),
            external_id: current.external_id.clone(),
            region: None,
        };
        let kept = palisade_identity::Secrets::new();
        let mut changed = change::replace(current, &kept, input, &schema, app.clock.now())
            .map_err(in_attributes)?;
        if password == PasswordChange::Removed {
            forget_password(&mut changed);
        }
        let link = link(current.id, &resource);
        Ok(UserWrite {
            changed,
            resource,
            link,
        })
    }
}

fn manager(resource: &Resource) -> Option<&str> {
    let enterprise = resource.attributes().get(urn::ENTERPRISE_USER)?;
    enterprise.get("manager")?.get("value")?.as_str()
}

/// A user who has no `active` can be used.
fn state(resource: &Resource) -> State {
    match resource.attributes().get("active") {
        Some(Value::Bool(false)) => State::Inactive,
        _ => State::Active,
    }
}

async fn import(app: &App, password: Option<&Password>) -> Result<CredentialImport> {
    let mut import = CredentialImport::default();
    if let Some(password) = password {
        let plain = Zeroizing::new(password.reveal().to_owned());
        import.password = Some(PasswordImport::Hashed(app.hashing.argon2id(plain).await?));
    }
    Ok(import)
}

fn forget_password(changed: &mut Changed) {
    if let Some(credential) = changed
        .identity
        .credentials
        .get_mut(&CredentialType::Password)
    {
        credential.usable = false;
    }
    changed.secrets.insert(CredentialType::Password, None);
}

/// What the identity's schema refuses is said as a value that does not fit.
fn in_attributes(error: Error) -> Error {
    match error.code() {
        Code::SchemaViolation | Code::InvalidRequest => {
            let sentence = format!(
                "the identity schema of the connection refuses what the mapping gives: {}",
                error.envelope().message
            );
            let refused = refusal(ScimType::InvalidValue, sentence);
            match error.envelope().details.get("field") {
                Some(field) => refused.detail("field", field.clone()),
                None => refused,
            }
        }
        _ => error,
    }
}

fn link(id: IdentityId, resource: &Resource) -> ProvisionedLink {
    let attributes = resource.attributes();
    let text = |name: &str| attributes.get(name).and_then(Value::as_str);
    let emails = attributes.get("emails").and_then(Value::as_array);
    let email = emails.and_then(|emails| {
        let primary = emails
            .iter()
            .find(|email| email.get("primary") == Some(&Value::Bool(true)));
        primary.or_else(|| emails.first())?.get("value")?.as_str()
    });
    provisioned::plan(
        id,
        provisioned::Provisioned {
            external_id: text("externalId"),
            user_name: text("userName").unwrap_or_default(),
            email,
            display_name: text("displayName"),
        },
    )
}

/// Applies a change to the user of this request; its next state. Where another writer was faster and the client did not insist on a
/// version, everything is done again.
pub(super) async fn update<F>(
    first: Guarded<UpdateScimUser>,
    call: &Call,
    apply: F,
) -> Result<ScimUser>
where
    F: Fn(&Resource) -> Result<Next>,
{
    let expected = versions(&call.request, "if-match")?;
    let groups = super::wants_groups(call.request.query_string());
    let rules = Rules::load(
        &first.app,
        first.grant.scope(),
        first.grant.target().connection,
    )
    .await?;
    let tried = async |guarded: Guarded<UpdateScimUser>| {
        let Guarded {
            grant, loaded, app, ..
        } = guarded;
        let change = Change {
            expected: expected.as_ref(),
            groups,
            apply: &apply,
        };
        change.once(&app, &rules, grant, loaded).await
    };
    if expected.is_some() {
        tried(first).await
    } else {
        retried(&call.request, first, tried).await
    }
}

/// A change of one user.
pub(in crate::scim) struct Change<'a, F> {
    /// The versions that it is for.
    pub(in crate::scim) expected: Option<&'a Versions>,
    /// Whether the answer has the user's groups.
    pub(in crate::scim) groups: bool,
    /// What becomes of it.
    pub(in crate::scim) apply: &'a F,
}

impl<F: Fn(&Resource) -> Result<Next>> Change<'_, F> {
    /// Does it. A change that changes nothing writes nothing.
    pub(in crate::scim) async fn once(
        &self,
        app: &App,
        rules: &Rules,
        grant: Authorized<UpdateScimUser>,
        loaded: Sealed<ScimUserState>,
    ) -> Result<ScimUser> {
        let ScimUserState {
            mut user,
            identity,
            has_groups,
            ..
        } = loaded
            .open(&grant)
            .ok_or_else(|| Error::new(Code::NotFound))?;
        if let Some(expected) = self.expected {
            expected.must_name(user.revision)?;
        }
        let groups = if has_groups && self.groups {
            let connection = grant.target().connection;
            app.store
                .groups_of_scim_user(grant.scope(), connection, user.id)
                .await?
        } else {
            Vec::new()
        };
        let next = (self.apply)(&user.resource)?;
        if next.resource == user.resource && next.password == PasswordChange::Kept {
            user.groups = groups;
            return Ok(user);
        }
        let write = rules
            .update(app, grant.scope(), (&user.resource, &identity), next)
            .await?;
        let mut after = app
            .store
            .update_scim_user(grant, user.revision, write)
            .await?;
        after.groups = groups;
        Ok(after)
    }
}

//! What a message makes of a user and of the identity that it is.

use std::{sync::Arc, time::Duration};

use palisade_authz::{Authorized, ConnectionTarget, action::UpdateScimUser};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    CredentialType, Identity, IdentityId, IdentitySchema, State, Timestamp,
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
    guard::{Guarded, TRIES},
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

    /// The password, hashed. Of a connection one is at a time, so that its own wait for it and not everybody's.
    async fn import(&self, app: &App, password: Option<&Password>) -> Result<CredentialImport> {
        let mut import = CredentialImport::default();
        if let Some(password) = password {
            let connection = self.connection.id();
            let _turn = app.turns.at(connection, connection.as_uuid()).await;
            let plain = Zeroizing::new(password.reveal().to_owned());
            import.password = Some(PasswordImport::Hashed(app.hashing.argon2id(plain).await?));
        }
        Ok(import)
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
            credentials: self.import(app, password.as_ref()).await?,
            state: Some(match active(&resource) {
                Some(false) => State::Inactive,
                // A user who has no `active` can be used.
                Some(true) | None => State::Active,
            }),
            ..CreateIdentity::default()
        };
        let changed = change::create(input, &schema, IdentityId::generate(now), now)
            .map_err(in_attributes)?;
        let link = link(changed.identity.id, &resource);
        let disabled_at = disabled_at(&changed.identity);
        Ok(UserWrite {
            changed,
            resource,
            link,
            disabled_at,
        })
    }

    /// The next state of a user.
    async fn update(
        &self,
        app: &App,
        scope: &TenantScope,
        known: &ScimUserState,
        next: Next,
    ) -> Result<UserWrite> {
        let Next { resource, password } = next;
        let (before, current) = (&known.user.resource, &known.identity);
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
            credentials: self.import(app, set).await?,
            metadata_public: current.metadata_public.as_ref().map(parsed).transpose()?,
            metadata_admin: current.metadata_admin.as_ref().map(parsed).transpose()?,
            state: Some(match active(&resource) {
                Some(false) => State::Inactive,
                Some(true) => State::Active,
                None => current.state,
            }),
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
        // Who was disabled by another stays so in the client's name as well.
        let disabled_at = match current.state {
            State::Inactive if !known.disabled_by_client => None,
            State::Active | State::Inactive => disabled_at(&changed.identity),
        };
        Ok(UserWrite {
            changed,
            resource,
            link,
            disabled_at,
        })
    }
}

fn manager(resource: &Resource) -> Option<&str> {
    let enterprise = resource.attributes().get(urn::ENTERPRISE_USER)?;
    enterprise.get("manager")?.get("value")?.as_str()
}

fn active(resource: &Resource) -> Option<bool> {
    resource.attributes().get("active")?.as_bool()
}

/// When the client disabled it, if it did.
fn disabled_at(identity: &Identity) -> Option<Timestamp> {
    (identity.state == State::Inactive).then_some(identity.state_changed_at)
}

/// The resource with `active` as it can become. Only `false` disables, and only `true` enables: a message that says nothing of it,
/// or takes it away, leaves the state as it is. Whom an administrator disabled, no provisioning system enables, and each is told.
fn settled(resource: Resource, known: &ScimUserState) -> Resource {
    let says = active(&resource);
    let is_locked = known.identity.state == State::Inactive && !known.disabled_by_client;
    if !is_locked || says == Some(false) {
        return resource;
    }
    let mut attributes = resource.into_map();
    attributes.insert("active".to_owned(), Value::Bool(false));
    Resource::from_kept(attributes)
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

/// Applies a change to the user of this request; its next state. Changes of one user are done one after the other. Where a writer on
/// another node was faster and the client did not insist on a version, everything is done again.
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
    let app = first.app.clone();
    let target = first.grant.target().clone();
    let rules = Rules::load(&app, first.grant.scope(), target.connection).await?;
    let change = Change {
        expected: expected.as_ref(),
        groups,
        apply: &apply,
    };
    let connection = target.connection.id();
    let turn = app.turns.at(connection, target.identity.id.as_uuid()).await;
    let mut guarded = if turn.waited {
        Guarded::acquire(&call.request).await?
    } else {
        first
    };
    for attempt in 1.. {
        match change
            .once(&app, &rules, guarded.grant, guarded.loaded)
            .await
        {
            Err(error) if change.may_try_again(&error, attempt)? => {}
            answer => return answer,
        }
        pause(attempt).await;
        guarded = Guarded::acquire(&call.request).await?;
    }
    Err(busy())
}

/// Before a change is tried again: not all losers at once.
pub(in crate::scim) async fn pause(attempt: u32) {
    let pause = rand::random_range(0..=5 * u64::from(attempt));
    tokio::time::sleep(Duration::from_millis(pause)).await;
}

/// Nothing is wrong with the request, and the next try may well pass.
fn busy() -> Error {
    Error::with_message(
        Code::Unavailable,
        "the resource is being changed by others at the same time; try again",
    )
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
    /// Whether a change that failed so is to be tried against the next state.
    ///
    /// # Errors
    /// `unavailable` after too many races: the client named no version, so 412 would answer what was not asked.
    pub(in crate::scim) fn may_try_again(&self, error: &Error, attempt: u32) -> Result<bool> {
        if error.code() != Code::StaleResource || self.expected.is_some() {
            return Ok(false);
        }
        if attempt < TRIES {
            Ok(true)
        } else {
            Err(busy())
        }
    }

    /// Does it. A change that changes nothing writes nothing.
    pub(in crate::scim) async fn once(
        &self,
        app: &App,
        rules: &Rules,
        grant: Authorized<UpdateScimUser>,
        loaded: Sealed<ScimUserState>,
    ) -> Result<ScimUser> {
        let mut known = loaded
            .open(&grant)
            .ok_or_else(|| Error::new(Code::NotFound))?;
        if let Some(expected) = self.expected {
            expected.must_name(known.user.revision)?;
        }
        let groups = if known.has_groups && self.groups {
            let connection = grant.target().connection;
            app.store
                .groups_of_scim_user(grant.scope(), connection, known.user.id)
                .await?
        } else {
            Vec::new()
        };
        let Next { resource, password } = (self.apply)(&known.user.resource)?;
        let resource = settled(resource, &known);
        if resource == known.user.resource && password == PasswordChange::Kept {
            known.user.groups = groups;
            return Ok(known.user);
        }
        let next = Next { resource, password };
        let write = rules.update(app, grant.scope(), &known, next).await?;
        let mut after = app
            .store
            .update_scim_user(grant, known.user.revision, write)
            .await?;
        after.groups = groups;
        Ok(after)
    }
}

//! Callers and targets as Cedar entities. Made from typed values only, so that the attributes that the schema
//! promises are always there; a test validates them against it.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use palisade_envelope::{Error, Result};
use palisade_tenancy::{Principal, TenantId, TenantState};

use crate::{Attribute, Resource, compiled::Compiled, platform::Platform, verdicts::Verdicts};

/// Who asks for what: the part of a request's entities that stays the same from one request to the next.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) uid: EntityUid,
    /// The principal, its roles and groups as parents, its tenant, and the action.
    pub(crate) base: Entities,
    /// All that the principal is `in`.
    pub(crate) ancestors: Vec<EntityUid>,
    /// What was decided on its latest requests.
    pub(crate) verdicts: Verdicts,
    tenant: EntityUid,
    principal: Principal,
    tenant_state: TenantState,
}

impl Subject {
    pub(crate) fn new(
        platform: &Platform,
        compiled: &Compiled,
        principal: &Principal,
        tenant_state: TenantState,
        action: &Entity,
    ) -> Result<Self> {
        let tenant = platform.uid("Tenant", &compiled.tenant.to_string())?;
        let uid = platform.uid(principal.kind(), &principal.id().to_string())?;
        // All that the groups are in are among them.
        let groups = compiled.groups_of(principal);
        let roles = principal.roles().iter();
        let ancestors: Vec<EntityUid> = roles
            .map(|role| platform.uid("Role", role.as_str()))
            .chain((groups.iter()).map(|group| platform.uid("Group", &group.to_string())))
            .collect::<Result<_>>()?;
        let mut attributes = principal_attributes(&tenant, tenant_state);
        if let Principal::Identity {
            schema_id,
            state,
            credential,
            ..
        } = principal
        {
            for (name, value) in [
                ("schema_id", &**schema_id),
                ("state", state.as_str()),
                ("credential", credential.as_str()),
            ] {
                let value = RestrictedExpression::new_string(value.to_owned());
                attributes.insert(name.to_owned(), value);
            }
        }
        let entity = Entity::new(uid.clone(), attributes, ancestors.iter().cloned().collect())
            .map_err(Error::internal)?;
        let tenant_entity = belonging(tenant.clone(), &tenant, HashMap::new())?;
        let base = Entities::from_entities([entity, tenant_entity, action.clone()], None)
            .map_err(Error::internal)?;
        Ok(Self {
            uid,
            base,
            ancestors,
            verdicts: Verdicts::default(),
            tenant,
            principal: principal.clone(),
            tenant_state,
        })
    }

    /// Whether it was made of this very state of the caller.
    pub(crate) fn is_of(&self, principal: &Principal, tenant_state: TenantState) -> bool {
        self.tenant_state == tenant_state && self.principal == *principal
    }

    /// The entities of a request on `resource`, and the resource's uid. `foreign` is for tests and the matrix:
    /// the tenant that the resource belongs to where it is another than the caller's.
    pub(crate) fn with_resource(
        &self,
        platform: &Platform,
        resource: &Resource,
        foreign: Option<TenantId>,
    ) -> Result<(EntityUid, Entities)> {
        let uid = platform.uid(resource.kind, &resource.id)?;
        let tenant = match foreign {
            Some(tenant) => platform.uid("Tenant", &tenant.to_string())?,
            // The records of tenants belong to the platform's tenant, so to the operator; a tenant's own caller
            // that names another tenant meets the guardrail.
            None if resource.kind == "Tenant"
                && !matches!(self.principal, Principal::Operator { .. }) =>
            {
                uid.clone()
            }
            None => self.tenant.clone(),
        };
        if uid == self.tenant && tenant == self.tenant {
            return Ok((uid, self.base.clone()));
        }
        let mut attributes: HashMap<String, RestrictedExpression> = match resource.kind {
            "ApiKey" | "Identity" | "IdentityProvider" => {
                principal_attributes(&tenant, self.tenant_state)
            }
            _ => HashMap::new(),
        };
        for (name, value) in &resource.attributes {
            attributes.insert(
                (*name).to_owned(),
                match value {
                    Attribute::String(text) => RestrictedExpression::new_string(text.to_string()),
                    Attribute::Bool(value) => RestrictedExpression::new_bool(*value),
                    Attribute::Identity(id) => RestrictedExpression::new_entity_uid(
                        platform.uid("Identity", &id.to_string())?,
                    ),
                },
            );
        }
        // A caller that acts on itself is one entity: it must lose neither its roles and groups nor what it came with.
        let parents = if uid == self.uid {
            if let (Principal::Identity { credential, .. }, None) = (&self.principal, foreign) {
                let credential = credential.as_str().to_owned();
                attributes.insert(
                    "credential".to_owned(),
                    RestrictedExpression::new_string(credential),
                );
            }
            self.ancestors.iter().cloned().collect()
        } else {
            HashSet::new()
        };
        attributes.insert(
            "tenant".to_owned(),
            RestrictedExpression::new_entity_uid(tenant),
        );
        let entity = Entity::new(uid.clone(), attributes, parents).map_err(Error::internal)?;
        let entities = self
            .base
            .clone()
            .upsert_entities([entity], None)
            .map_err(Error::internal)?;
        Ok((uid, entities))
    }
}

fn principal_attributes(
    tenant: &EntityUid,
    state: TenantState,
) -> HashMap<String, RestrictedExpression> {
    HashMap::from([
        (
            "tenant".to_owned(),
            RestrictedExpression::new_entity_uid(tenant.clone()),
        ),
        (
            "tenant_state".to_owned(),
            RestrictedExpression::new_string(state.as_str().to_owned()),
        ),
    ])
}

fn belonging(
    uid: EntityUid,
    tenant: &EntityUid,
    mut attributes: HashMap<String, RestrictedExpression>,
) -> Result<Entity> {
    attributes.insert(
        "tenant".to_owned(),
        RestrictedExpression::new_entity_uid(tenant.clone()),
    );
    Entity::new(uid, attributes, HashSet::new()).map_err(Error::internal)
}

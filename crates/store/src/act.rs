//! What an audit row says of an act, taken from its grant.

use palisade_authz::{Action, Authorized, Denied, Determining, RequestContext, Target as _};
use palisade_tenancy::{Principal, TenantId};

/// Who did what to what, and which policies allowed or refused it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) tenant: TenantId,
    pub(crate) principal: Principal,
    pub(crate) action: &'static str,
    pub(crate) resource: (String, String),
    pub(crate) allowed: bool,
    pub(crate) determining: Determining,
    pub(crate) context: RequestContext,
    /// What else there is to tell of it, by name.
    pub(crate) details: serde_json::Map<String, serde_json::Value>,
}

impl Act {
    /// The act that this grant allows, on its own target.
    pub(crate) fn of<A: Action>(grant: &Authorized<A>) -> Self {
        let resource = grant.target().resource(&grant.tenant().to_string());
        Self {
            tenant: grant.tenant(),
            principal: grant.principal().clone(),
            action: A::NAME,
            resource: (resource.kind.to_owned(), resource.id.into_owned()),
            allowed: true,
            determining: grant.determining().clone(),
            context: grant.context().clone(),
            details: serde_json::Map::new(),
        }
    }

    /// The same act on what it made: the grant for a creation is on the tenant.
    #[must_use]
    pub(crate) fn on(mut self, kind: &str, id: impl ToString) -> Self {
        self.resource = (kind.to_owned(), id.to_string());
        self
    }

    /// The same act, of which this is worth knowing, too.
    #[must_use]
    pub(crate) fn detail(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The act that was refused.
    pub(crate) fn denied(denied: &Denied) -> Self {
        Self {
            tenant: denied.caller.tenant(),
            principal: denied.caller.principal().clone(),
            action: denied.action,
            resource: denied.resource.clone(),
            allowed: false,
            determining: denied.determining.clone(),
            context: denied.context.clone(),
            details: serde_json::Map::new(),
        }
    }
}

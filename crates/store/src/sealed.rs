//! Rows that wait for the decision on them.

use palisade_authz::{
    Action, Authorized, ExternalIdentityTarget, IdentityTarget, ScimGroupTarget, ScimUserTarget,
    SessionTarget, Target,
};
use palisade_identity::{ExternalIdentity, Identity};
use palisade_tenancy::TenantId;

use crate::{
    scim::{ScimGroup, ScimUser, ScimUserState},
    sessions::KnownSession,
};

/// Something that is loaded so that policy can decide on it.
pub trait Sealable {
    /// What policy is asked about.
    type Target: Target + Clone;

    /// Whether the two targets name the same thing.
    fn same(one: &Self::Target, other: &Self::Target) -> bool;
}

impl Sealable for Identity {
    type Target = IdentityTarget;

    fn same(one: &IdentityTarget, other: &IdentityTarget) -> bool {
        one.id == other.id
    }
}

impl Sealable for ExternalIdentity {
    type Target = ExternalIdentityTarget;

    fn same(one: &ExternalIdentityTarget, other: &ExternalIdentityTarget) -> bool {
        one.id == other.id && one.user == other.user
    }
}

impl Sealable for KnownSession {
    type Target = SessionTarget;

    fn same(one: &SessionTarget, other: &SessionTarget) -> bool {
        one.id == other.id && one.identity == other.identity
    }
}

fn same_user(one: &ScimUserTarget, other: &ScimUserTarget) -> bool {
    one.identity.id == other.identity.id && one.connection == other.connection
}

impl Sealable for ScimUser {
    type Target = ScimUserTarget;

    fn same(one: &ScimUserTarget, other: &ScimUserTarget) -> bool {
        same_user(one, other)
    }
}

impl Sealable for ScimUserState {
    type Target = ScimUserTarget;

    fn same(one: &ScimUserTarget, other: &ScimUserTarget) -> bool {
        same_user(one, other)
    }
}

impl Sealable for ScimGroup {
    type Target = ScimGroupTarget;

    fn same(one: &ScimGroupTarget, other: &ScimGroupTarget) -> bool {
        one == other
    }
}

/// A row, or its absence, that nobody can look at before policy has decided on its target.
///
/// It is made for an absent row as well, so that the decision comes before the 404.
pub struct Sealed<T: Sealable> {
    tenant: TenantId,
    target: T::Target,
    row: Option<T>,
}

impl<T: Sealable> Sealed<T> {
    pub(crate) const fn new(tenant: TenantId, target: T::Target, row: Option<T>) -> Self {
        Self {
            tenant,
            target,
            row,
        }
    }

    /// What to decide on.
    pub fn target(&self) -> T::Target {
        self.target.clone()
    }

    /// The row, for a grant on this very target in this very tenant; `None` where the row is absent, or the grant
    /// is another's.
    pub fn open<A: Action<Target = T::Target>>(self, grant: &Authorized<A>) -> Option<T> {
        let agrees = grant.tenant() == self.tenant && T::same(grant.target(), &self.target);
        self.row.filter(|_| agrees)
    }
}

impl<T: Sealable> std::fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(..)")
    }
}

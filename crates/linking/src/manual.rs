//! Links that an admin makes and removes by hand.

use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    ExternalIdentity, IdentityId, IdentityProvider, LinkId, LinkedBy, ProviderType,
    change::MAX_IDENTIFIER,
};

use crate::{Known, LinkPlan, UnlinkPlan, Why, decision::Account};

/// What the admin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRequest {
    /// The identity to link to.
    pub user: IdentityId,
    /// The subject at the provider: 1 to 255 characters; for oidc and saml together with the provider's name.
    pub external_id: String,
    /// At most 255 characters.
    pub external_username: Option<String>,
    /// At most 255 characters. Never a key.
    pub external_email: Option<String>,
    /// At most 255 characters.
    pub external_display_name: Option<String>,
}

/// Plans a link to `provider`. `already` is what is known of the same provider and `external_id`, whoever it is linked to.
///
/// # Errors
/// `already_linked` when it is linked, also to the same identity; `link_rejected` where an admin rejected it; `invalid_request` for values that are too long,
/// empty or hold control characters.
pub fn plan_link(
    provider: &IdentityProvider,
    request: LinkRequest,
    already: Option<Known<'_>>,
) -> Result<LinkPlan> {
    check_external_id(provider, &request.external_id)?;
    for (field, value) in [
        ("external_username", &request.external_username),
        ("external_email", &request.external_email),
        ("external_display_name", &request.external_display_name),
    ] {
        if let Some(value) = value {
            text(field, value, MAX_IDENTIFIER)?;
        }
    }
    if already.is_some_and(|known| known.account.user_id.is_some()) {
        // Not to whom: that could be somebody the caller may not see.
        return Err(Error::new(Code::AlreadyLinked));
    }
    if already.is_some_and(|known| known.rejected) {
        return Err(Error::new(Code::LinkRejected));
    }
    Ok(LinkPlan {
        existing: already.map(|known| known.account.id),
        user: request.user,
        provider: provider.id,
        provider_name: provider.name.clone(),
        provider_type: provider.kind,
        external_id: request.external_id,
        username: request.external_username,
        email: request.external_email,
        display_name: request.external_display_name,
        linked_by: LinkedBy::Manual,
    })
}

/// Plans the removal of a link. `ways_to_sign_in` is how many the identity has now, this one included where it is
/// one ([`palisade_identity::credential::ways_to_sign_in`]).
///
/// # Errors
/// Unless `force`: `managed_by_scim` when a provisioning client made the link, `last_credential` when nothing would
/// be left to sign in with. `not_found` when it is linked to nobody.
pub fn plan_unlink(
    link: &ExternalIdentity,
    ways_to_sign_in: usize,
    force: bool,
) -> Result<UnlinkPlan> {
    let Some(user) = link.user_id else {
        return Err(Error::new(Code::NotFound));
    };
    let managed = link.linked_by == LinkedBy::Scim;
    // A SCIM connection provisions; nobody signs in through it.
    let last = link.provider_type != ProviderType::Scim && ways_to_sign_in <= 1;
    if !force && managed {
        return Err(Error::new(Code::ManagedByScim));
    }
    if !force && last {
        return Err(Error::new(Code::LastCredential));
    }
    Ok(UnlinkPlan {
        link: link.id,
        user,
        provider_name: link.provider_name.clone(),
        provider_type: link.provider_type,
        external_id: link.external_id.clone(),
        linked_by: link.linked_by,
        forced: managed || last,
    })
}

/// What can become of an external identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happened {
    /// It was linked.
    Linked,
    /// Its link was taken away.
    Unlinked,
    /// It was put before a person, or back there.
    Queued,
    /// An admin rejected it.
    Rejected,
    /// It was deleted, with what was decided of it.
    Forgotten,
}

impl Happened {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Linked,
        Self::Unlinked,
        Self::Queued,
        Self::Rejected,
        Self::Forgotten,
    ];

    /// As it stands in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Queued => "queued",
            Self::Rejected => "rejected",
            Self::Forgotten => "forgotten",
        }
    }

    /// The one that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word)
    }
}

/// A rejection, or its end. Made by the planners only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkPlan {
    link: LinkId,
    rejects: bool,
}

impl MarkPlan {
    /// The external identity.
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// Whether it is rejected, or waits again.
    pub const fn rejects(&self) -> bool {
        self.rejects
    }
}

/// Plans the link of an external identity that waits, to `user`.
///
/// # Errors
/// `already_linked`; `link_rejected` where an admin rejected it.
pub fn plan_resolve(known: Known<'_>, user: IdentityId) -> Result<LinkPlan> {
    if known.account.user_id.is_some() {
        return Err(Error::new(Code::AlreadyLinked));
    }
    if known.rejected {
        return Err(Error::new(Code::LinkRejected));
    }
    Ok(relink(known.account, user, LinkedBy::Manual))
}

fn relink(account: &ExternalIdentity, user: IdentityId, linked_by: LinkedBy) -> LinkPlan {
    let account = Account {
        existing: Some(account.id),
        provider: account.identity_provider_id,
        provider_name: account.provider_name.clone(),
        provider_type: account.provider_type,
        external_id: account.external_id.clone(),
        username: account.external_username.clone(),
        email: account.external_email.clone(),
        display_name: account.external_display_name.clone(),
        linked_by,
    };
    account.to(user)
}

/// Plans the rejection of an external identity that waits.
///
/// # Errors
/// `already_linked`; `link_rejected` where it was rejected before.
pub fn plan_reject(known: Known<'_>) -> Result<MarkPlan> {
    if known.account.user_id.is_some() {
        return Err(Error::new(Code::AlreadyLinked));
    }
    if known.rejected {
        return Err(Error::new(Code::LinkRejected));
    }
    Ok(MarkPlan {
        link: known.account.id,
        rejects: true,
    })
}

/// Plans that an external identity that is linked to nobody is forgotten: who comes with it next is new.
///
/// # Errors
/// `already_linked`.
pub fn plan_forget(known: Known<'_>) -> Result<ForgetPlan> {
    if known.account.user_id.is_some() {
        return Err(Error::new(Code::AlreadyLinked));
    }
    Ok(ForgetPlan {
        link: known.account.id,
    })
}

/// That an external identity is forgotten. Made by [`plan_forget`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgetPlan {
    link: LinkId,
}

impl ForgetPlan {
    /// The external identity.
    pub const fn link(&self) -> LinkId {
        self.link
    }
}

/// How the latest of what became of an external identity is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoPlan {
    /// The link goes, of this identity. [`plan_unlink`] says whether it may.
    Unlink(IdentityId),
    /// It is linked again, as it was.
    Link(LinkPlan),
    /// It waits again.
    Reopen(MarkPlan),
}

/// Plans how what happened last is taken back: `latest` is what, to whom, and who linked.
///
/// # Errors
/// `nothing_to_undo` where the external identity is no longer what that made of it, where it only came to wait, or where a
/// provisioning system was linked, which keeps nothing of the user since.
pub fn plan_undo(
    known: Known<'_>,
    latest: Option<(Happened, Option<IdentityId>, LinkedBy)>,
) -> Result<UndoPlan> {
    let account = known.account;
    match (latest, account.user_id) {
        (Some((Happened::Linked, Some(user), _)), Some(now)) if user == now => {
            Ok(UndoPlan::Unlink(user))
        }
        // The subject is another person's by now, whatever it was that was taken away.
        (Some((Happened::Unlinked, ..)), None) if known.returned == Some(Why::IssuerChanged) => {
            Err(Error::with_message(
                Code::NothingToUndo,
                "the provider has another issuer by now, whose subjects are other people; link it to whoever it is of",
            ))
        }
        (Some((Happened::Unlinked, Some(_), LinkedBy::Scim)), None) => {
            Err(Error::new(Code::NothingToUndo).reworded(
                "a provisioning system made the link, and no longer has the user; forget the external identity, and it can provision the account anew",
            ))
        }
        (Some((Happened::Unlinked, Some(user), linked_by)), None) if !known.rejected => {
            Ok(UndoPlan::Link(relink(account, user, linked_by)))
        }
        (Some((Happened::Rejected, ..)), None) if known.rejected => {
            Ok(UndoPlan::Reopen(MarkPlan {
                link: account.id,
                rejects: false,
            }))
        }
        _ => Err(Error::new(Code::NothingToUndo)),
    }
}

/// Whether this can be what a provider calls an account.
///
/// # Errors
/// `invalid_request`.
fn check_external_id(provider: &IdentityProvider, external_id: &str) -> Result<()> {
    let prefix = match provider.kind {
        // Such an identifier is kept as `provider:subject`.
        ProviderType::Oidc | ProviderType::Saml => provider.name.chars().count() + 1,
        ProviderType::Scim => 0,
    };
    text(
        "external_id",
        external_id,
        MAX_IDENTIFIER.saturating_sub(prefix),
    )
}

fn text(field: &str, value: &str, longest: usize) -> Result<()> {
    let length = value.chars().count();
    if length == 0 || length > longest || value.chars().any(char::is_control) {
        return Err(Error::field(
            field,
            format!("1 to {longest} characters, none of them a control character"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

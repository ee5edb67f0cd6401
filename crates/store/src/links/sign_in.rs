//! What a sign-in by a provider's token makes of an account that is linked to nobody yet, as a plan says.

use std::collections::{BTreeMap, BTreeSet};

use palisade_authz::{Authorized, action::SignInThroughProvider};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    Email, ExternalIdentity, Identity, IdentityId, IdentityProvider, LinkId, ProviderId,
    change::Changed, provider::LinkingMode,
};
use palisade_linking::{Candidate, CreatePlan, LinkPlan, ReviewPlan, manual::Happened};
use palisade_tenancy::TenantId;
use sea_orm::Value;

use super::{
    account::{Account, account},
    candidates::holders,
    history::{Note, note},
    link::{self, link},
    load::BY_SUBJECT,
};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::{self, explain},
    job::Job,
    providers, row,
    sql::TenantSql,
    tx::TenantTx,
};

/// All that the plan for a sign-in is made of.
#[derive(Clone, Debug)]
pub struct SignInState {
    /// The provider as it is now.
    pub provider: IdentityProvider,
    /// What is known of the subject.
    pub account: Option<Account>,
    /// Who has the e-mail address.
    pub candidates: Vec<Candidate>,
    /// At which revision each of them has it.
    pub revisions: BTreeMap<IdentityId, i64>,
}

/// What an identity is linked or created by.
#[derive(Debug)]
pub enum SignIn {
    /// Link to an identity of this revision, which becomes this.
    Link(LinkPlan, i64, Changed),
    /// Make this identity.
    Create(CreatePlan, Changed),
    /// Let a person decide.
    Review(ReviewPlan),
}

// A case that waits already is left as it is, but for what the provider says of it. Who was linked meanwhile is not touched.
const QUEUE: TenantSql = TenantSql::new(
    "INSERT INTO external_identities (tenant_id, id, provider_id, external_id, external_username, external_email,
        external_display_name, linked_by, why, email_normal, last_synced_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11)
     ON CONFLICT (tenant_id, provider_id, external_id) DO UPDATE SET
        external_username = coalesce(excluded.external_username, external_identities.external_username),
        external_email = coalesce(excluded.external_email, external_identities.external_email),
        external_display_name =
            coalesce(excluded.external_display_name, external_identities.external_display_name),
        email_normal = CASE WHEN excluded.external_email IS NULL
            THEN external_identities.email_normal ELSE excluded.email_normal END,
        why = excluded.why, last_synced_at = excluded.last_synced_at,
        updated_at = excluded.updated_at, revision = external_identities.revision + 1
     WHERE external_identities.identity_id IS NULL AND external_identities.rejected_at IS NULL",
);

/// How many accounts of one provider wait at most: anybody may be able to get an account there.
const MOST_WAITING: i64 = 10_000;

const FULL: TenantSql = TenantSql::new(
    "SELECT 1 FROM external_identities WHERE tenant_id = $1 AND provider_id = $2 AND identity_id IS NULL
     LIMIT 1 OFFSET $3",
);

impl Store {
    /// What is known of a subject of the provider that is the grant's target, and who has the e-mail address where its rules
    /// ask for that; `None` where the provider is gone.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn sign_in_state(
        &self,
        grant: &Authorized<SignInThroughProvider>,
        subject: &str,
        email: Option<&str>,
    ) -> Result<Option<SignInState>> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(None);
        };
        let tx = self.reader(grant.scope());
        let Some(provider) = providers::load(&tx, id).await? else {
            return Ok(None);
        };
        let key = [id.as_uuid().into(), subject.into()];
        let row = tx.one(BY_SUBJECT, key).await?;
        let account = row.map(|row| account(&row)).transpose()?;
        let email = email.and_then(Email::parse);
        let looks = provider.enabled && provider.linking.mode == LinkingMode::Auto;
        let (candidates, revisions) = match email.filter(|_| looks) {
            Some(email) => {
                let emails = BTreeSet::from([email.as_str()]);
                let found = holders(&tx, &emails, &BTreeSet::from([id])).await?;
                (found.of(email.as_str(), id), found.revisions)
            }
            None => (Vec::new(), BTreeMap::new()),
        };
        Ok(Some(SignInState {
            provider,
            account,
            candidates,
            revisions,
        }))
    }

    /// The identity that a sign-in is to be linked to, to make its next state.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn identity_to_sign_in(
        &self,
        grant: &Authorized<SignInThroughProvider>,
        plan: &LinkPlan,
    ) -> Result<Option<Identity>> {
        let id = plan.user().as_uuid().into();
        Ok(self
            .identity(grant.tenant(), identities::load::BY_ID, id)
            .await?)
    }

    /// Does what was planned while the provider was at this revision.
    ///
    /// # Errors
    /// `already_linked` where somebody was faster; `stale_resource` where the provider has changed; `not_linked` where too
    /// many accounts of the provider wait already; `not_found`, `stale_resource`, `conflict` as for a change of the identity,
    /// or for a new one.
    #[tracing::instrument(name = "store.external_identity.sign_in", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn sign_in(
        &self,
        grant: Authorized<SignInThroughProvider>,
        revision: i64,
        plan: SignIn,
    ) -> Result<()> {
        let provider = ProviderId::parse(grant.target().id());
        let of = match &plan {
            SignIn::Link(plan, ..) => plan.provider(),
            SignIn::Create(plan, changed) => plan.link(changed.identity.id).provider(),
            SignIn::Review(plan) => plan.provider(),
        };
        let agrees = match &plan {
            SignIn::Link(plan, _, changed) => plan.user() == changed.identity.id,
            _ => true,
        };
        if provider != Some(of) || !agrees {
            return Err(Error::internal(
                "the plan is of another provider or identity than the grant",
            ));
        }
        self.write(SigningIn {
            act: Act::of(&grant),
            provider: of,
            revision,
            plan,
        })
        .await
    }
}

struct SigningIn {
    act: Act,
    provider: ProviderId,
    revision: i64,
    plan: SignIn,
}

impl Job for SigningIn {
    type Output = ();

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        // The rules that were planned by are those that count when it is written.
        let provider = providers::load_locked(tx, self.provider).await?;
        if provider.is_none_or(|provider| provider.revision != self.revision) {
            return Err(Error::new(Code::StaleResource).into());
        }
        match &self.plan {
            SignIn::Link(plan, revision, changed) => {
                let linked = link(tx, *revision, plan, changed).await?;
                self.linked(tx, &linked, "linked", changed.identity.id)
                    .await
            }
            SignIn::Create(plan, changed) => {
                identities::create::write(tx, changed).await?;
                let linked = link::write(tx, &plan.link(changed.identity.id)).await?;
                self.linked(tx, &linked, "created", changed.identity.id)
                    .await
            }
            SignIn::Review(plan) => self.queue(tx, plan).await,
        }
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        match &self.plan {
            SignIn::Link(_, _, changed) | SignIn::Create(_, changed) => {
                explain(tx, &changed.identity, fault).await
            }
            SignIn::Review(_) => fault.into(),
        }
    }
}

impl SigningIn {
    async fn linked(
        &self,
        tx: &TenantTx<'_>,
        link: &ExternalIdentity,
        outcome: &str,
        user: IdentityId,
    ) -> Result<(), Fault> {
        let act = self
            .act
            .clone()
            .on("ExternalIdentity", link.id)
            .detail("outcome", outcome)
            .detail("user_id", user.to_string());
        let event = Note::of(Happened::Linked, Some(user), link.linked_by);
        note(tx, &act, link.id, &event).await?;
        match &self.plan {
            // What became of the user is looked for there.
            SignIn::Create(..) => record(tx, [&act, &act.clone().on("Identity", user)]).await,
            _ => record(tx, [&act]).await,
        }
    }

    async fn queue(&self, tx: &TenantTx<'_>, plan: &ReviewPlan) -> Result<(), Fault> {
        let key =
            || -> [Value; 2] { [plan.provider().as_uuid().into(), plan.external_id().into()] };
        let before = tx.one(BY_SUBJECT, key()).await?;
        let before = before.map(|row| account(&row)).transpose()?;
        if before.is_none() {
            let key = [plan.provider().as_uuid().into(), (MOST_WAITING - 1).into()];
            if tx.one(FULL, key).await?.is_some() {
                tracing::warn!(tenant.id = %self.act.tenant, provider.id = %plan.provider(), "too many accounts wait for a person");
                return Err(Error::new(Code::NotLinked).into());
            }
        }
        let email = plan.email().and_then(Email::parse);
        let values = [
            LinkId::generate(tx.now()).as_uuid().into(),
            plan.provider().as_uuid().into(),
            plan.external_id().into(),
            row::maybe_text(plan.username()),
            row::maybe_text(plan.email()),
            row::maybe_text(plan.display_name()),
            plan.linked_by().as_str().into(),
            plan.why().as_str().into(),
            row::maybe_text(email.as_ref().map(Email::as_str)),
            row::at(tx.now()),
        ];
        if tx.execute(QUEUE, values).await? == 0 {
            return Err(Error::new(Code::AlreadyLinked).into());
        }
        // The case is the same, and only what the provider says of it was written anew.
        if before.is_some_and(|before| before.why == Some(plan.why())) {
            return Ok(());
        }
        let row = tx
            .one(BY_SUBJECT, key())
            .await?
            .ok_or_else(|| Error::internal("the case was not written"))?;
        let queued = account(&row)?;
        let act = self
            .act
            .clone()
            .on("ExternalIdentity", queued.external.id)
            .detail("outcome", "queued")
            .detail("why", plan.why().as_str());
        let event = Note {
            why: Some(plan.why()),
            ..Note::of(Happened::Queued, None, plan.linked_by())
        };
        note(tx, &act, queued.external.id, &event).await?;
        record(tx, [&act]).await
    }
}

//! External identities that wait for a person, and what is made of them.

use std::sync::Arc;

use palisade_authz::{ExternalIdentityTarget, IdentityTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    ExternalIdentity, Identity, IdentityId, LinkId, LinkedBy, change, ids::Uuid,
};
use palisade_linking::{
    Why,
    manual::{Happened, plan_forget, plan_reject, plan_resolve, plan_undo, plan_unlink},
};
use palisade_store::{Account, AccountFilter, LinkEvent, To};
use palisade_tenancy::{Caller, Clock, SystemClock};

use crate::house::{House, page};

fn target(id: LinkId) -> ExternalIdentityTarget {
    ExternalIdentityTarget {
        user: IdentityId::from_uuid(Uuid::nil()),
        id,
        linked_by: LinkedBy::Manual,
    }
}

impl House {
    pub(crate) async fn accounts(
        &self,
        caller: &Arc<Caller>,
        linked: Option<bool>,
    ) -> Vec<Account> {
        let grant = self
            .grant::<action::ListAllExternalIdentities>(caller, Own)
            .await;
        let filter = AccountFilter {
            linked,
            ..AccountFilter::default()
        };
        let page = page(500, None);
        let list = self.store.list_accounts(&grant, &filter, &page).await;
        list.expect("lists").items
    }

    pub(crate) async fn account(&self, caller: &Arc<Caller>, id: LinkId) -> Option<Account> {
        let sealed = self.store.load_account(caller.scope(), id).await;
        let grant = self
            .grant::<action::ReadExternalIdentity>(caller, target(id))
            .await;
        sealed.expect("answers").open(&grant)
    }

    pub(crate) async fn history(&self, caller: &Arc<Caller>, id: LinkId) -> Vec<LinkEvent> {
        let grant = self
            .grant::<action::ReadExternalIdentity>(caller, target(id))
            .await;
        let events = self.store.list_link_events(&grant, &page(500, None)).await;
        events.expect("lists").items
    }

    pub(crate) async fn release(&self, link: &ExternalIdentity) -> Result<Option<Account>> {
        let user = link.user_id.expect("is linked");
        let on = ExternalIdentityTarget {
            user,
            ..target(link.id)
        };
        let grant = self
            .grant::<action::UnlinkExternalIdentity>(&self.owner, on)
            .await;
        let identity = self.store.identity_to_unlink(&grant).await?;
        let identity = identity.expect("is there");
        let plan = plan_unlink(link, 1, true)?;
        let (name, kind) = (&link.provider_name, link.provider_type);
        let now = SystemClock.now();
        let changed = change::unlink(&identity, name, kind, &link.external_id, now);
        self.store
            .release_external_identity(grant, plan, changed)
            .await
    }

    async fn resolve(&self, account: &Account, to: &Identity) -> Result<Account> {
        let grant = self
            .grant::<action::ResolveExternalIdentity>(&self.owner, target(account.external.id))
            .await;
        let link = self
            .grant::<action::LinkExternalIdentity>(&self.owner, IdentityTarget::of(to))
            .await;
        let plan = plan_resolve(account.known(), to.id)?;
        let (name, kind) = (plan.provider_name(), plan.provider_type());
        let changed = change::link(to, name, kind, plan.external_id(), SystemClock.now())?;
        let to = To::Known(link, to.revision);
        self.store
            .resolve_external_identity(grant, to, plan, changed, false)
            .await
    }

    async fn mark(&self, account: &Account) -> Result<Account> {
        let on = target(account.external.id);
        let grant = self
            .grant::<action::ResolveExternalIdentity>(&self.owner, on)
            .await;
        let plan = plan_reject(account.known())?;
        self.store
            .mark_external_identity(grant, account.revision, plan)
            .await
    }
}

pub(crate) async fn a_link_that_is_taken_away_waits_and_is_linked_again_by_hand(house: &House) {
    let before = house.accounts(&house.owner, Some(true)).await;
    assert_eq!(before.len(), 2, "Ada's and Bob's");
    assert!(house.accounts(&house.owner, Some(false)).await.is_empty());
    let link = &before[0].external;
    let kept = house.release(link).await.expect("releases");
    let kept = kept.expect("is there");
    assert_eq!((kept.external.id, kept.external.user_id), (link.id, None));
    assert_eq!((kept.why, kept.rejected_at), (Some(Why::Returned), None));
    let ada = house.ada(&house.owner).await;
    assert!(
        !ada.credentials
            .contains_key(&palisade_identity::CredentialType::Oidc),
        "one fact, two views"
    );
    let waiting = house.accounts(&house.owner, Some(false)).await;
    assert_eq!(waiting.len(), 1);

    // abuse_35: of two who are faster, one links.
    let bob = house.person("carol@example.com").await;
    let linked = house.resolve(&kept, &bob).await.expect("links");
    assert_eq!(linked.external.user_id, Some(bob.id));
    assert_eq!(
        (linked.external.linked_by, linked.why),
        (LinkedBy::Manual, None)
    );
    assert!(linked.revision > kept.revision);
    let error = house.resolve(&kept, &ada).await.expect_err("is linked");
    assert_eq!(error.code(), Code::AlreadyLinked);

    let history = house.history(&house.owner, link.id).await;
    let told: Vec<_> = history
        .iter()
        .map(|event| (event.event, event.user, event.forced))
        .collect();
    assert_eq!(
        told,
        [
            (Happened::Linked, Some(ada.id), false),
            (Happened::Unlinked, Some(ada.id), true),
            (Happened::Linked, Some(bob.id), false),
        ]
    );
    let latest = history
        .last()
        .map(|one| (one.event, one.user, one.linked_by));
    assert!(plan_undo(linked.known(), latest).is_ok());
}

pub(crate) async fn a_rejected_account_is_linked_by_nobody_until_it_is_taken_back(house: &House) {
    let link = house.accounts(&house.owner, Some(true)).await.remove(0);
    let kept = house.release(&link.external).await.expect("releases");
    let kept = kept.expect("is there");
    let rejected = house.mark(&kept).await.expect("rejects");
    assert!(rejected.rejected_at.is_some());
    let error = house.mark(&kept).await.expect_err("is older than that");
    assert_eq!(error.code(), Code::StaleResource);
    let ada = house.ada(&house.owner).await;
    // By what was seen before: the row says no.
    let error = house.resolve(&kept, &ada).await.expect_err("is rejected");
    assert_eq!(error.code(), Code::LinkRejected);
    let google = house.providers(&house.owner).await.remove(0);
    let subject = &kept.external.external_id;
    assert!(house.link(&ada, &google, subject).await.is_err());
    assert_eq!(house.ada(&house.owner).await, ada, "nothing was changed");
}

pub(crate) async fn abuse_42_the_account_of_a_deleted_user_stays_without_what_was_said_of_it(
    house: &House,
) {
    let ada = house.ada(&house.owner).await;
    let before = house.accounts(&house.owner, Some(true)).await;
    let (hers, his) = (&before[0].external, &before[1].external);
    assert!(house.delete(ada.id).await.expect("deletes"));
    let grant = house
        .grant::<action::DeleteIdentity>(
            &house.owner,
            IdentityTarget::absent(his.user_id.expect("is linked")),
        )
        .await;
    let batch = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let outcomes = house
        .store
        .batch_identities(batch, None, vec![palisade_store::BatchItem::Delete(grant)])
        .await
        .expect("writes");
    assert!(
        outcomes.iter().all(|outcome| outcome.is_ok()),
        "{outcomes:?}"
    );
    for (old, kept) in [hers, his]
        .into_iter()
        .zip(house.accounts(&house.owner, None).await)
    {
        assert_eq!((kept.external.id, kept.external.user_id), (old.id, None));
        assert_eq!(kept.why, Some(Why::Returned));
        assert_eq!(kept.known().returned, Some(Why::Returned));
        assert_eq!(kept.external.external_id, old.external_id);
        assert_eq!(
            (
                kept.external.external_email,
                kept.external.external_username
            ),
            (None, None)
        );
        let history = house.history(&house.owner, old.id).await;
        let last = history.last().expect("there is one");
        assert_eq!((last.event, last.user), (Happened::Unlinked, old.user_id));
    }
}

pub(crate) async fn what_an_import_links_and_unlinks_is_history_and_what_was_rejected_stays_so(
    house: &House,
) {
    let ada = house.ada(&house.owner).await;
    let link = house
        .accounts(&house.owner, Some(true))
        .await
        .remove(0)
        .external;
    let events = async || {
        let history = house.history(&house.owner, link.id).await;
        history
            .iter()
            .map(|event| (event.event, event.user))
            .collect::<Vec<_>>()
    };
    assert_eq!(events().await, [(Happened::Linked, Some(ada.id))]);
    let without = crate::identities::next(&ada, |identity| {
        identity
            .credentials
            .remove(&palisade_identity::CredentialType::Oidc);
    });
    let ada = house
        .update(ada.id, ada.revision, without)
        .await
        .expect("changes");
    let kept = house
        .account(&house.owner, link.id)
        .await
        .expect("is there");
    assert_eq!(
        (kept.external.user_id, kept.why),
        (None, Some(Why::Returned))
    );
    assert_eq!(
        events().await.last(),
        Some(&(Happened::Unlinked, Some(ada.id)))
    );
    let imported = |email: &str| {
        serde_json::json!({"traits": {"email": email}, "credentials": {"oidc": {"config": {"providers":
            [{"provider": link.provider_name, "subject": link.external_id}]}}}})
    };
    house.mark(&kept).await.expect("rejects");
    let refused = house
        .create(&house.owner, imported("eve@example.com"))
        .await;
    assert_eq!(refused.expect_err("is rejected").code(), Code::Conflict);
    let rejected = house
        .account(&house.owner, link.id)
        .await
        .expect("is there");
    let on = target(link.id);
    let grant = house
        .grant::<action::ResolveExternalIdentity>(&house.owner, on)
        .await;
    let plan = plan_forget(rejected.known()).expect("is planned");
    let stale = house
        .store
        .forget_external_identity(grant, kept.revision, plan)
        .await;
    assert_eq!(
        stale.expect_err("is older than that").code(),
        Code::StaleResource
    );
    let grant = house
        .grant::<action::ResolveExternalIdentity>(&house.owner, target(link.id))
        .await;
    let forgotten = house
        .store
        .forget_external_identity(grant, rejected.revision, plan)
        .await;
    forgotten.expect("forgets");
    assert!(house.account(&house.owner, link.id).await.is_none());
    assert_eq!(
        events().await.last(),
        Some(&(Happened::Forgotten, None)),
        "it outlives the account"
    );
    house
        .create(&house.owner, imported("eve@example.com"))
        .await
        .expect("is new");
}

pub(crate) async fn abuse_21_35_another_issuer_has_other_people(house: &House) {
    let google = house.providers(&house.owner).await.remove(0);
    let link = house
        .accounts(&house.owner, Some(true))
        .await
        .remove(0)
        .external;
    let change = async |issuer: Option<&str>, force| {
        let on = palisade_authz::NamedTarget::identity_provider(google.id);
        let grant = house
            .grant::<action::UpdateIdentityProvider>(&house.owner, on)
            .await;
        let update = palisade_store::IdentityProviderUpdate {
            issuer: Some(issuer.map(str::to_owned)),
            force,
            ..Default::default()
        };
        house
            .store
            .update_identity_provider(grant, update, None)
            .await
    };
    let before = house.dump(house.owner.tenant()).await;
    let refused = change(Some("https://other.example"), false).await;
    assert_eq!(
        refused.expect_err("accounts are linked").code(),
        Code::InUse
    );
    assert_eq!(
        house.dump(house.owner.tenant()).await,
        before,
        "nothing was changed"
    );
    let changed = change(Some("https://other.example"), true).await;
    let changed = changed.expect("changes").expect("is there");
    assert_eq!(changed.issuer.as_deref(), Some("https://other.example"));
    assert!(house.accounts(&house.owner, Some(true)).await.is_empty());
    for account in house.accounts(&house.owner, Some(false)).await {
        assert_eq!(account.why, Some(Why::IssuerChanged));
        assert_eq!(
            account.known().returned,
            Some(Why::IssuerChanged),
            "no planner links it"
        );
    }
    let ada = house.ada(&house.owner).await;
    assert!(
        !ada.credentials
            .contains_key(&palisade_identity::CredentialType::Oidc)
    );
    let history = house.history(&house.owner, link.id).await;
    let last = history.last().expect("there is one");
    assert_eq!(
        (last.event, last.user, last.why, last.forced),
        (
            Happened::Unlinked,
            Some(ada.id),
            Some(Why::IssuerChanged),
            true
        )
    );
    let events = house.events(&house.owner).await;
    let event = events
        .iter()
        .find(|event| event.action == "identity_provider:update");
    let details = event
        .expect("is written")
        .details
        .as_ref()
        .expect("has details");
    assert_eq!(
        (&details["forced"], &details["unlinked"]),
        (&true.into(), &2.into())
    );
    // Nobody is linked any more.
    change(None, false)
        .await
        .expect("changes")
        .expect("is there");
}

pub(crate) async fn a_provider_that_goes_takes_what_was_decided_along_and_says_so(house: &House) {
    let google = house.providers(&house.owner).await.remove(0);
    let links = house.accounts(&house.owner, Some(true)).await;
    for link in &links {
        house.release(&link.external).await.expect("releases");
    }
    let waiting = house.account(&house.owner, links[0].external.id).await;
    house
        .mark(&waiting.expect("is there"))
        .await
        .expect("rejects");
    let on = palisade_authz::NamedTarget::identity_provider(google.id);
    let grant = house
        .grant::<action::DeleteIdentityProvider>(&house.owner, on)
        .await;
    assert!(
        house
            .store
            .delete_identity_provider(grant, None)
            .await
            .expect("deletes")
    );
    for link in &links {
        let history = house.history(&house.owner, link.external.id).await;
        assert_eq!(
            history.last().map(|event| event.event),
            Some(Happened::Forgotten)
        );
    }
    let events = house.events(&house.owner).await;
    let event = events
        .iter()
        .find(|event| event.action == "identity_provider:delete");
    let details = event
        .expect("is written")
        .details
        .as_ref()
        .expect("has details");
    assert_eq!(
        (&details["forgotten"], &details["rejected"]),
        (&2.into(), &1.into())
    );
}

pub(crate) async fn abuse_03_an_account_of_another_tenant_is_as_absent_as_a_made_up_one(
    house: &House,
) {
    let theirs = house.accounts(&house.twin, None).await;
    for account in &theirs {
        let id = account.external.id;
        assert!(house.account(&house.owner, id).await.is_none());
        assert!(house.history(&house.owner, id).await.is_empty());
        assert!(house.account(&house.twin, id).await.is_some());
        let user = house.ada(&house.owner).await;
        let error = house
            .resolve(account, &user)
            .await
            .expect_err("is another's");
        assert_eq!(error.code(), Code::AlreadyLinked);
        assert!(house.mark(account).await.is_err());
    }
}

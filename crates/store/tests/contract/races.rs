//! What is done to links while, or after, something else has changed.

use palisade_authz::{NamedTarget, Own, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityProvider, TokenRules};
use palisade_store::{IdentityProviderUpdate, ProviderSettings, Rehearsal};
use serde_json::json;

use crate::{
    batch::{create, email, send},
    house::House,
};

impl House {
    async fn take_tokens(
        &self,
        provider: &IdentityProvider,
        tokens: bool,
        keep_links: bool,
    ) -> Result<Option<IdentityProvider>> {
        let on = NamedTarget::identity_provider(provider.id);
        let grant = self
            .grant::<action::UpdateIdentityProvider>(&self.owner, on)
            .await;
        let update = IdentityProviderUpdate {
            settings: Some(ProviderSettings {
                tokens: tokens.then(|| TokenRules {
                    audiences: vec!["api".into()],
                    ..TokenRules::default()
                }),
                ..ProviderSettings::default()
            }),
            keep_links,
            ..IdentityProviderUpdate::default()
        };
        let store = &self.store;
        store.update_identity_provider(grant, update, None).await
    }
}

pub(crate) async fn who_was_linked_while_tokens_were_not_taken_is_let_in_only_where_that_is_said(
    house: &House,
) {
    let google = house.providers(&house.owner).await.remove(0);
    for _ in 0..2 {
        let before = house.dump(house.owner.tenant()).await;
        let refused = house.take_tokens(&google, true, false).await;
        let error = refused.expect_err("accounts were linked by an import");
        assert_eq!(error.code(), Code::InUse);
        assert_eq!(error.envelope().details["links"], 2);
        assert_eq!(house.dump(house.owner.tenant()).await, before);
        let changed = house.take_tokens(&google, true, true).await;
        changed.expect("changes").expect("is there");
        let events = house.events(&house.owner).await;
        let event = events
            .iter()
            .find(|event| event.action == "identity_provider:update");
        let details = event.expect("is written").details.as_ref();
        assert_eq!(details.expect("has details")["let_in"], 2);
        // What takes tokens already is changed without being asked.
        let changed = house.take_tokens(&google, true, false).await;
        changed.expect("changes").expect("is there");
        let changed = house.take_tokens(&google, false, false).await;
        changed.expect("changes").expect("is there");
    }
}

pub(crate) async fn an_account_that_was_rejected_refuses_its_item_of_a_batch_and_no_other(
    house: &House,
) {
    let link = house.accounts(&house.owner, Some(true)).await.remove(0);
    let kept = house.release(&link.external).await.expect("releases");
    house.mark(&kept.expect("is there")).await.expect("rejects");
    let account = json!({"config": {"providers":
        [{"provider": link.external.provider_name, "subject": link.external.external_id}]}});
    let body = json!({"traits": {"email": "eve@example.com"}, "credentials": {"oidc": account}});
    let items = async || {
        vec![
            email(house, "one@example.com").await,
            create(house, &house.owner, body.clone()).await,
            email(house, "two@example.com").await,
        ]
    };
    let codes = |outcomes: &[Result<_>]| -> Vec<_> {
        let refused = outcomes.iter().map(|outcome| outcome.as_ref().err());
        refused.map(|error| error.map(Error::code)).collect()
    };
    let expected = [None, Some(Code::LinkRejected), None];
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let made = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    let mut rehearsal = Rehearsal::default();
    let would = house
        .store
        .rehearse(&grant, &made, &mut rehearsal, items().await)
        .await;
    assert_eq!(codes(&would.expect("answers")), expected);
    let outcomes = send(house, items().await).await.expect("is done");
    assert_eq!(codes(&outcomes), expected);
    let error = outcomes[1].as_ref().expect_err("is refused");
    assert_eq!(
        error.envelope().details["field"],
        "credentials.oidc.identifiers"
    );
}

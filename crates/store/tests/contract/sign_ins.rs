//! What the first sign-in with a provider's token writes: tokens are signed here, and come in as any caller's do.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use palisade_authz::{NamedTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    Identity, IdentityProvider, LinkingRules, ProviderType, TokenRules, change,
    provider::{LinkingMode, MatchBy, TokenAlgorithm},
};
use palisade_linking::{Decision, Why, auto, manual::Happened};
use palisade_store::{
    Account, IdentityProviderUpdate, NewIdentityProvider, ProviderSettings, SignIn, SignInState,
};
use palisade_tenancy::{
    Admission, Arrival, CachedDirectory, Clock, SystemClock,
    admit::{Claims, TenantHeader},
    issuer::{Fetch, KeyTimes, Stranger, Tokens},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::house::House;

const ISSUER: &str = "https://id.example.org";

/// An issuer that holds its own keys.
struct Issuer {
    pair: EcdsaKeyPair,
}

struct Web(Value);

impl Fetch for Web {
    fn get<'a>(
        &'a self,
        url: &'a str,
        _: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        let document = if url.ends_with("openid-configuration") {
            json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")})
        } else {
            json!({"keys": [self.0]})
        };
        Box::pin(std::future::ready(Ok(document.to_string().into())))
    }
}

impl Issuer {
    fn new() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("randomness");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        Self {
            pair: pair.expect("a key"),
        }
    }

    fn token(&self, subject: &str, says: Value) -> String {
        let now = SystemClock.now().timestamp();
        let mut claims = json!({"iss": ISSUER, "aud": "api", "sub": subject, "exp": now + 300});
        let members = claims.as_object_mut().expect("an object");
        members.extend(says.as_object().expect("an object").clone());
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": "one"});
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.expect("signs");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    async fn arrive(&self, house: &House, token: &str) -> Arrival {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let web = Web(json!({"kty": "EC", "crv": "P-256", "kid": "one",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)}));
        let times = KeyTimes {
            fresh: Duration::from_secs(60),
            longest: Duration::from_secs(60),
            pause: Duration::from_secs(60),
        };
        let tokens = Tokens::new(Arc::new(web), times, Duration::from_secs(60));
        let directory = CachedDirectory::new(house.store.clone());
        let admission = Admission::new(Arc::new(directory), SystemClock).with_tokens(tokens);
        let (bearer, tenant) = (format!("Bearer {token}"), house.owner.tenant().to_string());
        let claims = Claims {
            authorization: &[bearer.as_bytes()],
            tenant: &[tenant.as_bytes()],
            ..Claims::default()
        };
        let arrival = admission.arrive(claims, TenantHeader::Required).await;
        arrival.expect("the token is good")
    }

    async fn stranger(&self, house: &House, token: &str) -> Stranger {
        match self.arrive(house, token).await {
            Arrival::Stranger(stranger) => *stranger,
            Arrival::Caller(caller) => panic!("known already: {caller:?}"),
        }
    }
}

impl House {
    async fn make_provider(&self, name: &str, audience: &str) -> Result<IdentityProvider> {
        let new = NewIdentityProvider {
            name: name.into(),
            kind: ProviderType::Oidc,
            issuer: Some(ISSUER.into()),
            settings: ProviderSettings {
                enabled: true,
                linking: LinkingRules {
                    mode: LinkingMode::Auto,
                    match_by: vec![MatchBy::Email],
                    trusted_email_domains: vec!["example.com".into()],
                    ..LinkingRules::default()
                },
                tokens: Some(TokenRules {
                    audiences: vec![audience.into()],
                    algorithms: vec![TokenAlgorithm::Es256],
                    ..TokenRules::default()
                }),
            },
        };
        let grant = self
            .grant::<action::CreateIdentityProvider>(&self.owner, Own)
            .await;
        self.store.create_identity_provider(grant, new).await
    }

    async fn with_verified(&self, email: &str) -> Identity {
        let address =
            json!({"value": email, "via": "email", "verified": true, "status": "completed"});
        let body = json!({"traits": {"email": email}, "verifiable_addresses": [address]});
        self.create(&self.owner, body).await.expect("creates")
    }

    async fn state(&self, stranger: &Stranger) -> SignInState {
        let on = NamedTarget::identity_provider(stranger.provider);
        let grant = self
            .grant::<action::SignInThroughProvider>(&stranger.caller, on)
            .await;
        let said = &stranger.assertion;
        let state = self
            .store
            .sign_in_state(&grant, &said.subject, said.email.as_deref())
            .await;
        state.expect("answers").expect("the provider is there")
    }

    /// Does what the state asks for; what it was.
    async fn sign_in(&self, stranger: &Stranger, state: &SignInState) -> Result<Decision> {
        let on = NamedTarget::identity_provider(stranger.provider);
        let grant = self
            .grant::<action::SignInThroughProvider>(&stranger.caller, on)
            .await;
        let known = state.account.as_ref().map(Account::known);
        let decision = auto::plan(
            &state.provider,
            &stranger.assertion,
            known,
            &state.candidates,
        )?;
        let plan = match decision.clone() {
            Decision::Link(plan) => {
                let user = self.read(&self.owner, plan.user()).await.expect("is there");
                let (name, kind) = (plan.provider_name(), plan.provider_type());
                let changed =
                    change::link(&user, name, kind, plan.external_id(), SystemClock.now())?;
                SignIn::Link(plan, state.revisions[&user.id], changed)
            }
            Decision::Review(plan) => SignIn::Review(plan),
            other => panic!("not here: {other:?}"),
        };
        self.store
            .sign_in(grant, state.provider.revision, plan)
            .await?;
        Ok(decision)
    }
}

fn says(email: &str) -> Value {
    json!({"email": email, "email_verified": true, "name": "Carol"})
}

pub(crate) async fn abuse_38_what_was_planned_by_rules_that_changed_is_not_done(house: &House) {
    let issuer = Issuer::new();
    let provider = house.make_provider("login", "api").await.expect("creates");
    house.with_verified("carol@example.com").await;
    let stranger = issuer
        .stranger(house, &issuer.token("carol", says("carol@example.com")))
        .await;
    let state = house.state(&stranger).await;
    let on = NamedTarget::identity_provider(provider.id);
    let grant = house
        .grant::<action::UpdateIdentityProvider>(&house.owner, on)
        .await;
    let update = IdentityProviderUpdate {
        settings: Some(ProviderSettings {
            enabled: true,
            linking: LinkingRules::default(),
            tokens: provider.tokens.clone(),
        }),
        ..IdentityProviderUpdate::default()
    };
    house
        .store
        .update_identity_provider(grant, update, None)
        .await
        .expect("changes");
    let before = house.dump(house.owner.tenant()).await;
    let refused = house.sign_in(&stranger, &state).await;
    assert_eq!(refused.expect_err("is off").code(), Code::StaleResource);
    assert_eq!(house.dump(house.owner.tenant()).await, before);
}

pub(crate) async fn abuse_38_what_was_planned_for_a_user_that_changed_is_not_done(house: &House) {
    let issuer = Issuer::new();
    house.make_provider("login", "api").await.expect("creates");
    let carol = house.with_verified("carol@example.com").await;
    let stranger = issuer
        .stranger(house, &issuer.token("carol", says("carol@example.com")))
        .await;
    let state = house.state(&stranger).await;
    let inactive = crate::identities::next(&carol, |identity| {
        identity.state = palisade_identity::State::Inactive;
    });
    house
        .update(carol.id, carol.revision, inactive)
        .await
        .expect("changes");
    let refused = house.sign_in(&stranger, &state).await;
    assert_eq!(
        refused.expect_err("is another state").code(),
        Code::StaleResource
    );
    assert!(house.links(carol.id).await.is_empty());
    let Ok(Decision::Review(plan)) = house
        .sign_in(&stranger, &house.state(&stranger).await)
        .await
    else {
        panic!("nobody is linked");
    };
    assert_eq!(plan.why(), Why::IdentityInactive);
}

pub(crate) async fn two_tokens_of_one_subject_leave_one_case_that_loses_nothing(house: &House) {
    let issuer = Issuer::new();
    house.make_provider("login", "api").await.expect("creates");
    for said in [says("ada@example.com"), json!({})] {
        let stranger = issuer.stranger(house, &issuer.token("eve", said)).await;
        house
            .sign_in(&stranger, &house.state(&stranger).await)
            .await
            .expect("waits");
    }
    let waiting = house.accounts(&house.owner, Some(false)).await;
    let [account] = &waiting[..] else {
        panic!("one case: {waiting:?}");
    };
    assert_eq!(
        account.external.external_email.as_deref(),
        Some("ada@example.com")
    );
    assert_eq!(account.why, Some(Why::NoEmail));
    assert_eq!(
        account.candidates.len(),
        2,
        "Ada, twice: {:?}",
        account.candidates
    );
    let history = house.history(&house.owner, account.external.id).await;
    assert_eq!(history.len(), 2, "why it waits has changed");
}

pub(crate) async fn what_a_token_is_silent_about_stays_known(house: &House) {
    let issuer = Issuer::new();
    let provider = house.make_provider("login", "api").await.expect("creates");
    let carol = house.with_verified("carol@example.com").await;
    let link = house.link(&carol, &provider, "carol").await.expect("links");
    assert_eq!(link.external_username.as_deref(), Some("eve"));
    let said = json!({"email": "C@example.com"});
    let Arrival::Caller(_) = issuer.arrive(house, &issuer.token("carol", said)).await else {
        panic!("she is linked");
    };
    let before = house
        .account(&house.owner, link.id)
        .await
        .expect("is there");
    house.store.flush().await;
    let after = house
        .account(&house.owner, link.id)
        .await
        .expect("is there");
    assert_eq!(after.external.external_username.as_deref(), Some("eve"));
    assert_eq!(
        after.external.external_email.as_deref(),
        Some("C@example.com")
    );
    assert!(after.external.last_synced_at.is_some());
    assert!(
        after.revision > before.revision,
        "another body, another ETag"
    );
    // What was said while it was linked is not written after that.
    let said = json!({"email": "late@example.com"});
    issuer.arrive(house, &issuer.token("carol", said)).await;
    house
        .release(&after.external)
        .await
        .expect("releases")
        .expect("is there");
    house.store.flush().await;
    let kept = house
        .account(&house.owner, link.id)
        .await
        .expect("is there");
    assert_eq!(
        kept.external.external_email.as_deref(),
        Some("C@example.com")
    );
}

pub(crate) async fn abuse_42_whoever_was_deleted_or_unlinked_waits_for_a_person(house: &House) {
    let issuer = Issuer::new();
    house.make_provider("login", "api").await.expect("creates");
    for (name, deleted) in [("carol", true), ("dora", false)] {
        let email = format!("{name}@example.com");
        let user = house.with_verified(&email).await;
        let token = issuer.token(name, says(&email));
        let stranger = issuer.stranger(house, &token).await;
        let linked = house
            .sign_in(&stranger, &house.state(&stranger).await)
            .await;
        assert!(matches!(linked, Ok(Decision::Link(plan)) if plan.user() == user.id));
        if deleted {
            assert!(house.delete(user.id).await.expect("deletes"));
            house.with_verified(&email).await;
        } else {
            let link = house.links(user.id).await.remove(0);
            house.release(&link).await.expect("releases");
        }
        let stranger = issuer.stranger(house, &token).await;
        let Ok(Decision::Review(plan)) = house
            .sign_in(&stranger, &house.state(&stranger).await)
            .await
        else {
            panic!("{name} is linked by nobody");
        };
        assert_eq!(plan.why(), Why::Returned);
        let id = house
            .state(&stranger)
            .await
            .account
            .expect("is known")
            .external
            .id;
        let told = house.history(&house.owner, id).await;
        let told: Vec<_> = told.iter().map(|event| event.event).collect();
        assert_eq!(told, [Happened::Linked, Happened::Unlinked]);
    }
}

pub(crate) async fn of_two_providers_one_takes_a_token(house: &House) {
    house.make_provider("login", "api").await.expect("creates");
    let error = house
        .make_provider("again", "api")
        .await
        .expect_err("not twice");
    assert_eq!(crate::identities::conflicts(&error), ["tokens.audiences"]);
    let other = house
        .make_provider("other", "web")
        .await
        .expect("another audience");
    let on = NamedTarget::identity_provider(other.id);
    let grant = house
        .grant::<action::UpdateIdentityProvider>(&house.owner, on)
        .await;
    let update = IdentityProviderUpdate {
        settings: Some(ProviderSettings {
            tokens: Some(TokenRules {
                audiences: vec!["web".into(), "api".into()],
                ..TokenRules::default()
            }),
            ..ProviderSettings::default()
        }),
        ..IdentityProviderUpdate::default()
    };
    let error = house
        .store
        .update_identity_provider(grant, update, None)
        .await;
    assert_eq!(error.expect_err("is the other's").code(), Code::Conflict);
}

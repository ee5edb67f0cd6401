//! Tokens of an issuer in memory, signed with ES256, presented to an admission.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use palisade_envelope::{Code, Error, Notice, Result};
use palisade_identity::{
    IdentityId, LinkId, ProviderId, SessionId, State, TokenRules,
    provider::{RoleRule, TokenAlgorithm, TokenType},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    Admission, Arrival, CachedDirectory, Clock as _, ConnectionKeyRecord, Directory, KeyId,
    KeyRecord, Principal, Role, SessionRecord, SystemClock, TenantId,
    admit::{Claims, TenantHeader},
};

const ISSUER: &str = "https://id.example.org";
const AUDIENCE: &str = "https://palisade.example.org";

/// A key pair with a name.
struct Key {
    kid: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(kid: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("randomness");
        Self {
            kid: kid.to_owned(),
            pair: EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key"),
        }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
    }

    fn sign(&self, header: &Value, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", part(&header.to_string()), part(claims));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .expect("signs");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid})
    }

    /// A good token for `subject`, but for what `change` does to its claims.
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        self.sign(&self.header(), &claims.to_string())
    }
}

fn claims() -> Value {
    let now = SystemClock.now().timestamp();
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300,
        "email": "ada@example.org", "email_verified": true, "groups": ["ops", "staff"]})
}

/// The issuer's web server.
#[derive(Default)]
struct Web {
    keys: Mutex<Option<Vec<u8>>>,
    configuration: Mutex<Option<Value>>,
    asked: AtomicUsize,
    /// How long an answer takes.
    slow: Mutex<Duration>,
}

impl Web {
    fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        *self.keys.lock().expect("not poisoned") = Some(json!({ "keys": keys }).to_string().into());
    }

    fn publish_bytes(&self, keys: Option<Vec<u8>>) {
        *self.keys.lock().expect("not poisoned") = keys;
    }
}

impl Fetch for Web {
    fn get<'a>(
        &'a self,
        url: &'a str,
        _: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        Box::pin(async move {
            let slow = *self.slow.lock().expect("not poisoned");
            tokio::time::sleep(slow).await;
            if url == format!("{ISSUER}/.well-known/openid-configuration") {
                let configuration = self.configuration.lock().expect("not poisoned").clone();
                let usual = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")});
                return Ok(configuration.unwrap_or(usual).to_string().into());
            }
            assert_eq!(url, format!("{ISSUER}/keys"));
            self.asked.fetch_add(1, Ordering::SeqCst);
            let keys = self.keys.lock().expect("not poisoned").clone();
            keys.ok_or_else(|| "down".to_owned())
        })
    }
}

/// Tenants, issuers and accounts.
#[derive(Clone, Default)]
struct Books(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    issuers: HashMap<TenantId, TenantIssuers>,
    accounts: HashMap<(TenantId, ProviderId, String), AccountRecord>,
    synced: usize,
}

impl Directory for Books {
    type Presented = ();

    async fn session(&self, _: TenantId, _: SessionId) -> Result<Option<SessionRecord<()>>> {
        Ok(None)
    }

    async fn key(&self, _: TenantId, _: KeyId) -> Result<Option<KeyRecord>> {
        Ok(None)
    }

    async fn connection_key(&self, _: TenantId, _: KeyId) -> Result<Option<ConnectionKeyRecord>> {
        Ok(None)
    }

    async fn issuers(&self, tenant: TenantId) -> Result<Option<TenantIssuers>> {
        Ok(self
            .0
            .lock()
            .expect("not poisoned")
            .issuers
            .get(&tenant)
            .cloned())
    }

    async fn account(
        &self,
        tenant: TenantId,
        provider: ProviderId,
        subject: &str,
    ) -> Result<AccountState> {
        let key = (tenant, provider, subject.to_owned());
        let found = self
            .0
            .lock()
            .expect("not poisoned")
            .accounts
            .get(&key)
            .cloned();
        Ok(found.map_or(AccountState::Unknown, AccountState::Linked))
    }

    fn synced(&self, _: TenantId, _: LinkId, _: &Profile) {
        self.0.lock().expect("not poisoned").synced += 1;
    }

    fn used(&self, _: TenantId, _: KeyId) {}

    fn connection_key_used(&self, _: TenantId, _: KeyId) {}
}

/// A tenant that takes the issuer's tokens, in which `ada` is linked.
struct House {
    books: Books,
    web: Arc<Web>,
    admission: Admission<Books, SystemClock>,
    tenant: TenantId,
    key: Key,
}

const PAUSE: Duration = Duration::from_millis(300);

impl House {
    fn new() -> Self {
        Self::with_times(KeyTimes {
            fresh: Duration::from_secs(60),
            longest: Duration::from_secs(120),
            pause: PAUSE,
        })
    }

    fn with_times(times: KeyTimes) -> Self {
        let (books, web) = (Books::default(), Arc::new(Web::default()));
        let key = Key::new("one");
        web.publish(&[&key]);
        let directory = CachedDirectory::new(books.clone());
        let tokens = Tokens::new(
            Arc::clone(&web) as Arc<dyn Fetch>,
            times,
            Duration::from_secs(60),
        );
        let admission = Admission::new(Arc::new(directory), SystemClock).with_tokens(tokens);
        let mut house = Self {
            books,
            web,
            admission,
            tenant: TenantId::PLATFORM,
            key,
        };
        house.tenant = house.join(AUDIENCE, |_| {});
        house
    }

    /// A tenant that takes the issuer's tokens for this audience.
    fn join(&self, audience: &str, change: impl FnOnce(&mut TokenRules)) -> TenantId {
        let now = SystemClock.now();
        let (tenant, provider) = (TenantId::generate(now), ProviderId::generate(now));
        let mut tokens = TokenRules {
            audiences: vec![audience.to_owned()],
            algorithms: vec![TokenAlgorithm::Es256],
            ..TokenRules::default()
        };
        change(&mut tokens);
        let issuer = IssuerRecord {
            provider,
            name: "acme".to_owned(),
            enabled: true,
            issuer: ISSUER.to_owned(),
            tokens,
            required_claims: BTreeMap::new(),
            revision: 1,
        };
        let account = AccountRecord {
            link: LinkId::generate(now),
            identity: IdentityId::generate(now),
            schema_id: "default".to_owned(),
            state: State::Active,
            groups: Arc::from([]),
            profile: Profile {
                email: Some("ada@example.org".to_owned()),
                ..Profile::default()
            },
            last_synced_at: Some(now),
        };
        let mut books = self.books.0.lock().expect("not poisoned");
        books
            .accounts
            .insert((tenant, provider, "ada".to_owned()), account);
        let issuers = TenantIssuers {
            tenant_state: TenantState::Active,
            issuers: vec![issuer],
        };
        books.issuers.insert(tenant, issuers);
        tenant
    }

    async fn arrive(&self, tenant: TenantId, token: &str) -> Result<Arrival> {
        let (bearer, tenant) = (format!("Bearer {token}"), tenant.to_string());
        let claims = Claims {
            authorization: &[bearer.as_bytes()],
            tenant: &[tenant.as_bytes()],
            ..Claims::default()
        };
        self.admission.arrive(claims, TenantHeader::Required).await
    }

    async fn caller(&self, token: &str) -> Principal {
        match self.arrive(self.tenant, token).await.expect("is good") {
            Arrival::Caller(caller) => caller.principal().clone(),
            Arrival::Stranger(stranger) => panic!("a stranger: {stranger:?}"),
        }
    }

    async fn refused(&self, token: &str) -> Code {
        self.arrive(self.tenant, token)
            .await
            .expect_err("is refused")
            .code()
    }
}

#[tokio::test]
async fn a_good_token_is_its_subjects_and_gives_the_roles_that_are_mapped_and_no_others() {
    let house = House::new();
    let token = house.key.token(|_| {});
    let Principal::Identity {
        roles,
        credential,
        name,
        ..
    } = house.caller(&token).await
    else {
        panic!("no identity")
    };
    assert!(roles.is_empty(), "nothing is mapped");
    assert_eq!((credential.as_str(), &*name), ("token", "token of acme"));
    let rule = |claim: &str, value: &str, role: &str| RoleRule {
        claim: claim.to_owned(),
        value: value.to_owned(),
        role: role.to_owned(),
    };
    let mapped = house.join("https://mapped.example.org", |rules| {
        rules.roles = vec![
            rule("groups", "ops", "editor"),
            rule("groups", "staff", "viewer"),
            rule("groups", "boss", "owner"),
            rule("groups", "ops", "operator"),
            rule("department", "ops", "admin"),
        ];
    });
    let token = house.key.token(|claims| {
        claims["aud"] = json!(["other", "https://mapped.example.org"]);
        claims["department"] = json!("sales");
        claims["roles"] = json!(["owner"]);
    });
    let Arrival::Caller(caller) = house.arrive(mapped, &token).await.expect("is good") else {
        panic!("a stranger")
    };
    assert_eq!(caller.principal().roles(), [Role::Editor, Role::Viewer]);
}

#[tokio::test]
async fn whom_nobody_is_linked_to_is_told_apart_and_is_no_caller() {
    let house = House::new();
    let token = house.key.token(|claims| claims["sub"] = json!("eve"));
    // Twice: what is kept of a token must not hide what it says.
    for _ in 0..2 {
        let Arrival::Stranger(stranger) =
            house.arrive(house.tenant, &token).await.expect("is good")
        else {
            panic!("a caller")
        };
        assert_eq!(
            (
                stranger.assertion.subject.as_str(),
                stranger.assertion.email_verified
            ),
            ("eve", true)
        );
        assert_eq!(stranger.caller.principal().kind(), "IdentityProvider");
        assert!(stranger.assertion.claims.contains_key("groups"));
    }
}

#[tokio::test]
async fn only_the_value_true_verifies_and_only_the_address_beside_it() {
    let house = House::new();
    for (verified, expected) in [
        (json!(true), true),
        (json!("true"), false),
        (json!(1), false),
        (json!(null), false),
        (json!(false), false),
    ] {
        let token = house.key.token(|claims| {
            claims["sub"] = json!("eve");
            claims["email_verified"] = verified.clone();
        });
        let Arrival::Stranger(stranger) =
            house.arrive(house.tenant, &token).await.expect("is good")
        else {
            panic!("a caller")
        };
        assert_eq!(
            stranger.assertion.email_verified, expected,
            "abuse_31: {verified}"
        );
    }
    // abuse_33: the flag is of `email`, the address is from elsewhere.
    let other = house.join("https://upn.example.org", |rules| {
        rules.claims.email = "upn".to_owned()
    });
    let token = house.key.token(|claims| {
        claims["sub"] = json!("eve");
        claims["aud"] = json!("https://upn.example.org");
        claims["upn"] = json!("boss@example.org");
    });
    let Arrival::Stranger(stranger) = house.arrive(other, &token).await.expect("is good") else {
        panic!("a caller")
    };
    assert_eq!(
        stranger.assertion.email.as_deref(),
        Some("boss@example.org")
    );
    assert!(!stranger.assertion.email_verified);
}

#[tokio::test]
async fn abuse_15_16_17_algorithms_without_a_public_key_and_of_other_keys_are_refused() {
    let house = House::new();
    let good = house.key.token(|_| {});
    let (_, rest) = good.split_once('.').expect("has parts");
    for alg in [
        json!("none"),
        json!("None"),
        json!(""),
        json!("HS256"),
        json!("RS256"),
        json!("ES384"),
        json!("PS256"),
        json!("es256"),
        json!(null),
        json!(7),
        json!(["ES256"]),
    ] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": "one"});
        let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        assert_eq!(
            house.refused(&forged).await,
            Code::Unauthenticated,
            "{header}"
        );
        let signed = house.key.sign(&header, &claims().to_string());
        assert_eq!(
            house.refused(&signed).await,
            Code::Unauthenticated,
            "{header}"
        );
    }
    // HMAC with the public key as its secret.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"at+jwt","kid":"one"}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()));
    let secret = ring::hmac::Key::new(
        ring::hmac::HMAC_SHA256,
        house.key.pair.public_key().as_ref(),
    );
    let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&secret, message.as_bytes()));
    assert_eq!(
        house.refused(&format!("{message}.{tag}")).await,
        Code::Unauthenticated
    );
    // An algorithm that the rules do not take, though the key fits.
    let strict = house.join("https://strict.example.org", |rules| {
        rules.algorithms = vec![TokenAlgorithm::Rs256]
    });
    let token = house
        .key
        .token(|claims| claims["aud"] = json!("https://strict.example.org"));
    assert!(house.arrive(strict, &token).await.is_err());
}

#[tokio::test]
async fn abuse_18_24_headers_that_bring_keys_or_must_be_understood_are_refused_and_nothing_is_fetched()
 {
    let house = House::new();
    for (name, value) in [
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", house.key.jwk()),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("zip", json!("DEF")),
        ("kid", json!(7)),
        ("kid", json!("x".repeat(10_000))),
        ("typ", json!(7)),
    ] {
        let mut header = house.key.header();
        header[name] = value;
        let token = house.key.sign(&header, &claims().to_string());
        assert_eq!(house.refused(&token).await, Code::Unauthenticated, "{name}");
    }
    assert_eq!(house.web.asked.load(Ordering::SeqCst), 0);
    let twice = claims().to_string().replacen('{', r#"{"sub":"eve","#, 1);
    let token = house.key.sign(&house.key.header(), &twice);
    assert_eq!(
        house.refused(&token).await,
        Code::Unauthenticated,
        "duplicate claims"
    );
    for parts in ["a.b", "eyJ.eyJ.eyJ.eyJ.eyJ", "eyJ.eyJ.", "eyJ..eyJ"] {
        assert_eq!(house.refused(parts).await, Code::Unauthenticated, "{parts}");
    }
}

#[tokio::test]
async fn abuse_19_names_of_keys_are_names_and_a_storm_of_unknown_ones_is_one_fetch() {
    let house = House::new();
    house.caller(&house.key.token(|_| {})).await;
    assert_eq!(house.web.asked.load(Ordering::SeqCst), 1);
    tokio::time::sleep(PAUSE).await;
    let stranger = Key::new("../../../dev/null");
    for number in 0..1_000 {
        let mut header = stranger.header();
        if number > 0 {
            header["kid"] = json!(format!("'; DROP TABLE keys; -- {number}"));
        }
        let token = stranger.sign(&header, &claims().to_string());
        assert_eq!(house.refused(&token).await, Code::Unauthenticated);
    }
    let asked = house.web.asked.load(Ordering::SeqCst);
    assert!((2..=4).contains(&asked), "one fetch a pause, not {asked}");
}

#[tokio::test]
async fn abuse_19_an_issuer_that_takes_longer_than_the_pause_is_asked_once_for_all_who_wait() {
    let house = House::new();
    *house.web.slow.lock().expect("not poisoned") = PAUSE;
    let stranger = Key::new("unknown");
    let storm = async || {
        let tokens = (0..20).map(|number| {
            let mut header = stranger.header();
            header["kid"] = json!(format!("made-up-{number}"));
            stranger.sign(&header, &claims().to_string())
        });
        let tokens: Vec<String> = tokens.collect();
        let start = std::time::Instant::now();
        for answer in
            futures_util::future::join_all(tokens.iter().map(|one| house.refused(one))).await
        {
            assert_eq!(answer, Code::Unauthenticated);
        }
        start.elapsed()
    };
    // Two documents, one after the other.
    assert!(
        storm().await < PAUSE * 4,
        "nobody waits for more than one answer"
    );
    assert_eq!(house.web.asked.load(Ordering::SeqCst), 1);
    // The pause begins when it has answered.
    assert!(storm().await < PAUSE);
    assert_eq!(house.web.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_has_a_known_key_waits_for_an_issuer_that_is_down_once_only() {
    let house = House::with_times(KeyTimes {
        fresh: Duration::from_millis(1),
        longest: Duration::from_secs(60),
        pause: Duration::from_millis(1),
    });
    let token = |number: usize| house.key.token(|claims| claims["jti"] = json!(number));
    house.caller(&token(0)).await;
    house.web.publish_bytes(None);
    tokio::time::sleep(Duration::from_millis(5)).await;
    *house.web.slow.lock().expect("not poisoned") = PAUSE * 3;
    house.caller(&token(1)).await;
    let start = std::time::Instant::now();
    for number in 2..6 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        house.caller(&token(number)).await;
    }
    assert!(start.elapsed() < PAUSE * 3, "it is asked beside that");
}

#[tokio::test]
async fn required_claims_are_asked_of_every_token_also_of_who_is_linked() {
    let house = House::new();
    house.caller(&house.key.token(|_| {})).await;
    {
        let mut books = house.books.0.lock().expect("not poisoned");
        for issuer in books.issuers.values_mut().flat_map(|of| &mut of.issuers) {
            issuer.revision += 1;
            issuer.required_claims =
                BTreeMap::from([("hd".to_owned(), vec!["example.org".to_owned()])]);
        }
    }
    let directory = house.admission.directory();
    directory.invalidate(crate::Invalidation::Tenant(house.tenant));
    let left = house.key.token(|_| {});
    for _ in 0..2 {
        assert_eq!(house.refused(&left).await, Code::NotLinked);
    }
    let elsewhere = house
        .key
        .token(|claims| claims["hd"] = json!("example.com"));
    assert_eq!(house.refused(&elsewhere).await, Code::NotLinked);
    house
        .caller(
            &house
                .key
                .token(|claims| claims["hd"] = json!("example.org")),
        )
        .await;
}

#[tokio::test]
async fn abuse_21_a_token_for_the_audiences_of_two_providers_is_for_neither() {
    let house = House::new();
    let both = house
        .key
        .token(|claims| claims["aud"] = json!([AUDIENCE, "https://other.example.org"]));
    house.caller(&both).await;
    let other = |enabled| {
        let mut books = house.books.0.lock().expect("not poisoned");
        let issuers = &mut books
            .issuers
            .get_mut(&house.tenant)
            .expect("is there")
            .issuers;
        issuers.truncate(1);
        let mut other = issuers[0].clone();
        other.provider = ProviderId::generate(SystemClock.now());
        other.enabled = enabled;
        other.tokens.audiences = vec!["https://other.example.org".to_owned()];
        issuers.push(other);
        drop(books);
        let directory = house.admission.directory();
        directory.invalidate(crate::Invalidation::Tenant(house.tenant));
    };
    for enabled in [true, false] {
        other(enabled);
        assert_eq!(house.refused(&both).await, Code::Unauthenticated);
        house.caller(&house.key.token(|_| {})).await;
    }
}

#[tokio::test]
async fn who_was_turned_away_is_answered_the_same_until_something_changes() {
    let house = House::new();
    let token = house.key.token(|claims| claims["sub"] = json!("eve"));
    let Ok(Arrival::Stranger(eve)) = house.arrive(house.tenant, &token).await else {
        panic!("nobody is linked to her");
    };
    let notice = Notice::new("ask Ada");
    let answered = Error::new(Code::LinkRequiresReview).notices(vec![notice.clone()]);
    house.admission.turn_away(&eve, &answered);
    let again = house.arrive(house.tenant, &token).await;
    let again = again.expect_err("is not let in");
    assert_eq!(again.code(), Code::LinkRequiresReview);
    assert_eq!(again.envelope().notices, [notice]);
    let other = house.key.token(|claims| claims["sub"] = json!("mallory"));
    assert!(matches!(
        house.arrive(house.tenant, &other).await,
        Ok(Arrival::Stranger(_))
    ));
    {
        let mut books = house.books.0.lock().expect("not poisoned");
        let ada = books.accounts.values().next().expect("is there").clone();
        books
            .accounts
            .insert((house.tenant, eve.provider, "eve".to_owned()), ada);
    }
    house.caller(&token).await;
}

#[tokio::test]
async fn abuse_20_21_a_token_counts_where_issuer_and_audience_are_registered() {
    let house = House::new();
    for (name, value) in [
        ("aud", json!("https://other.example.org")),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("aud", json!({"0": AUDIENCE})),
        ("aud", json!(format!("{AUDIENCE}/"))),
        ("iss", json!("https://id.example.org/")),
        ("iss", json!("https://evil.example")),
        ("iss", json!(null)),
        ("iss", json!([ISSUER])),
    ] {
        let token = house.key.token(|claims| claims[name] = value.clone());
        assert_eq!(
            house.refused(&token).await,
            Code::Unauthenticated,
            "{name} {value}"
        );
    }
    let other = house.join("https://twin.example.org", |_| {});
    let token = house.key.token(|_| {});
    let error = house
        .arrive(other, &token)
        .await
        .expect_err("is for another tenant");
    assert_eq!(error.code(), Code::Unauthenticated);
    let nowhere = TenantId::generate(SystemClock.now());
    assert_eq!(
        house
            .arrive(nowhere, &token)
            .await
            .expect_err("no tenant")
            .code(),
        Code::Unauthenticated
    );
    let bearer = format!("Bearer {token}");
    let claims = Claims {
        authorization: &[bearer.as_bytes()],
        ..Claims::default()
    };
    for header in [TenantHeader::Required, TenantHeader::Optional] {
        let error = house
            .admission
            .arrive(claims, header)
            .await
            .expect_err("names no tenant");
        assert_eq!(error.code(), Code::TenantRequired);
    }
    // As an API key, or as two credentials, it is none.
    let tenant = house.tenant.to_string();
    for claims in [
        Claims {
            api_key: &[token.as_bytes()],
            tenant: &[tenant.as_bytes()],
            ..Claims::default()
        },
        Claims {
            session_token: &[token.as_bytes()],
            tenant: &[tenant.as_bytes()],
            ..Claims::default()
        },
        Claims {
            api_key: &[b"x"],
            authorization: &[bearer.as_bytes()],
            tenant: &[tenant.as_bytes()],
            ..Claims::default()
        },
    ] {
        let error = house
            .admission
            .arrive(claims, TenantHeader::Required)
            .await
            .expect_err("is none");
        assert_eq!(error.code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn abuse_22_times_are_whole_seconds_and_clocks_may_be_half_a_minute_apart() {
    let house = House::new();
    let now = SystemClock.now().timestamp();
    for (name, value) in [
        ("exp", json!(now - 31)),
        ("exp", json!(null)),
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(now as f64 + 300.5)),
        ("exp", json!(1e20)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!(now + 60)),
        ("nbf", json!("0")),
        ("iat", json!(now + 60)),
        ("iat", json!(1.5)),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!(null)),
        ("sub", json!("a\u{0}b")),
        ("sub", json!("x".repeat(256))),
    ] {
        let token = house.key.token(|claims| claims[name] = value.clone());
        assert_eq!(
            house.refused(&token).await,
            Code::Unauthenticated,
            "{name} {value}"
        );
    }
    for (name, value) in [
        ("exp", json!(now - 20)),
        ("nbf", json!(now + 20)),
        ("iat", json!(now + 20)),
    ] {
        house
            .caller(&house.key.token(|claims| claims[name] = value))
            .await;
    }
}

#[tokio::test]
async fn abuse_23_tokens_for_other_ends_are_no_access_tokens() {
    let house = House::new();
    for kind in [
        json!("JWT"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("at+jwt "),
        json!("secevent+jwt"),
        json!(null),
    ] {
        let mut header = house.key.header();
        header["typ"] = kind;
        let token = house.key.sign(&header, &claims().to_string());
        assert_eq!(
            house.refused(&token).await,
            Code::Unauthenticated,
            "{header}"
        );
    }
    let lenient = house.join("https://lenient.example.org", |rules| {
        rules.types = vec![TokenType::Jwt]
    });
    let of = |header: Value, name: &str, value: Value| {
        let mut claims = claims();
        claims["aud"] = json!("https://lenient.example.org");
        claims[name] = value;
        house.key.sign(&header, &claims.to_string())
    };
    let plain = |kind: Option<&str>| {
        let mut header = json!({"alg": "ES256", "kid": "one"});
        if let Some(kind) = kind {
            header["typ"] = json!(kind);
        }
        header
    };
    for kind in [None, Some("JWT"), Some("jwt")] {
        let token = of(plain(kind), "scope", json!("api"));
        assert!(house.arrive(lenient, &token).await.is_ok(), "{kind:?}");
    }
    for (name, value) in [
        ("nonce", "x"),
        ("at_hash", "x"),
        ("c_hash", "x"),
        ("events", "x"),
        ("typ", "ID"),
        ("typ", "Refresh"),
        ("token_use", "id"),
    ] {
        let token = of(plain(None), name, json!(value));
        assert!(house.arrive(lenient, &token).await.is_err(), "{name}");
    }
    let token = of(plain(Some("at+jwt")), "scope", json!("api"));
    assert!(
        house.arrive(lenient, &token).await.is_err(),
        "only what is named"
    );
}

#[tokio::test]
async fn abuse_25_a_token_that_is_cut_or_grown_is_refused_at_every_length() {
    let house = House::new();
    let token = house.key.token(|_| {});
    house.caller(&token).await;
    for length in 0..token.len() {
        let cut = house.arrive(house.tenant, &token[..length]).await;
        assert_eq!(
            cut.expect_err("is cut").code(),
            Code::Unauthenticated,
            "{length}"
        );
    }
    for more in ["A", "=", ".", ".e", " ", "\u{e9}"] {
        let grown = house.arrive(house.tenant, &format!("{token}{more}")).await;
        assert!(grown.is_err(), "{more:?}");
    }
    let long = house
        .key
        .token(|claims| claims["x"] = json!("x".repeat(20_000)));
    assert_eq!(house.refused(&long).await, Code::Unauthenticated);
}

#[tokio::test]
async fn abuse_27_a_bad_document_of_keys_leaves_the_old_ones_until_they_are_too_old() {
    let house = House::with_times(KeyTimes {
        fresh: Duration::from_millis(50),
        longest: Duration::from_millis(900),
        pause: Duration::from_millis(100),
    });
    let token = || {
        house
            .key
            .token(|claims| claims["jti"] = json!(SystemClock.now().timestamp_micros()))
    };
    house.caller(&token()).await;
    let many: Vec<Value> = (0..10_000).map(|_| json!({"kty": "oct"})).collect();
    for bad in [
        Some(b"not json".to_vec()),
        Some(json!({ "keys": many }).to_string().into()),
        None,
    ] {
        house.web.publish_bytes(bad);
        tokio::time::sleep(Duration::from_millis(120)).await;
        house.caller(&token()).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        house.web.asked.load(Ordering::SeqCst) >= 4,
        "it was asked again each time"
    );
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(
        house.refused(&token()).await,
        Code::Unavailable,
        "never let in, and not the token's fault"
    );
    // Within the pause it is not even asked.
    let asked = house.web.asked.load(Ordering::SeqCst);
    assert_eq!(house.refused(&token()).await, Code::Unavailable);
    assert_eq!(house.web.asked.load(Ordering::SeqCst), asked);
}

#[tokio::test]
async fn abuse_28_a_new_key_is_taken_and_one_that_was_taken_back_is_not() {
    let house = House::with_times(KeyTimes {
        fresh: Duration::from_millis(400),
        longest: Duration::from_secs(60),
        pause: Duration::from_millis(50),
    });
    house.caller(&house.key.token(|_| {})).await;
    let next = Key::new("two");
    house.web.publish(&[&next]);
    tokio::time::sleep(Duration::from_millis(60)).await;
    house.caller(&next.token(|_| {})).await;
    // The new document has only the new key.
    let old = house.key.token(|claims| claims["jti"] = json!("new"));
    assert_eq!(house.refused(&old).await, Code::Unauthenticated);
    // A key of the same name that is another one signs nothing.
    let imposter = Key::new("two");
    assert_eq!(
        house.refused(&imposter.token(|_| {})).await,
        Code::Unauthenticated
    );
}

#[tokio::test]
async fn a_configuration_of_another_issuer_gives_no_keys() {
    let house = House::new();
    for configuration in [
        json!({"issuer": "https://evil.example", "jwks_uri": format!("{ISSUER}/keys")}),
        json!({"issuer": format!("{ISSUER}/"), "jwks_uri": format!("{ISSUER}/keys")}),
        json!({"issuer": ISSUER}),
        json!([]),
    ] {
        *house.web.configuration.lock().expect("not poisoned") = Some(configuration);
        assert_eq!(
            house.refused(&house.key.token(|_| {})).await,
            Code::Unavailable
        );
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(house.web.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_is_inactive_and_whose_tenant_is_suspended_is_refused_whatever_is_kept() {
    let house = House::new();
    let token = house.key.token(|_| {});
    house.caller(&token).await;
    let set = |state: State| {
        let mut books = house.books.0.lock().expect("not poisoned");
        books
            .accounts
            .values_mut()
            .for_each(|account| account.state = state);
    };
    set(State::Inactive);
    assert_eq!(
        house.refused(&token).await,
        Code::Unauthenticated,
        "abuse_42"
    );
    set(State::Active);
    house.caller(&token).await;
    for (state, code) in [
        (TenantState::Suspended, Code::TenantSuspended),
        (TenantState::Deleted, Code::Unauthenticated),
    ] {
        {
            let mut books = house.books.0.lock().expect("not poisoned");
            books
                .issuers
                .values_mut()
                .for_each(|of| of.tenant_state = state);
        }
        house
            .admission
            .directory()
            .invalidate(crate::Invalidation::Tenant(house.tenant));
        assert_eq!(house.refused(&token).await, code);
    }
}

#[tokio::test]
async fn abuse_38_a_provider_that_is_gone_or_changed_is_asked_anew_and_signatures_are_checked_once()
{
    let house = House::new();
    let token = house.key.token(|_| {});
    for _ in 0..3 {
        house.caller(&token).await;
    }
    assert_eq!(house.web.asked.load(Ordering::SeqCst), 1);
    assert_eq!(
        house.books.0.lock().expect("not poisoned").synced,
        0,
        "nothing new was said"
    );
    house
        .books
        .0
        .lock()
        .expect("not poisoned")
        .issuers
        .values_mut()
        .for_each(|of| {
            of.issuers.iter_mut().for_each(|issuer| {
                issuer.revision += 1;
                issuer.tokens.audiences = vec!["https://changed.example.org".to_owned()];
            });
        });
    house
        .admission
        .directory()
        .invalidate(crate::Invalidation::Tenant(house.tenant));
    assert_eq!(house.refused(&token).await, Code::Unauthenticated);
    house.books.0.lock().expect("not poisoned").issuers.clear();
    house
        .admission
        .directory()
        .invalidate(crate::Invalidation::Everything);
    assert_eq!(house.refused(&token).await, Code::Unauthenticated);
}

#[tokio::test]
async fn what_a_provider_says_anew_is_noted() {
    let house = House::new();
    house
        .caller(
            &house
                .key
                .token(|claims| claims["email"] = json!("new@example.org")),
        )
        .await;
    assert_eq!(house.books.0.lock().expect("not poisoned").synced, 1);
    // What it is silent about is no news.
    let silent = house.key.token(|claims| {
        claims.as_object_mut().expect("an object").remove("email");
    });
    house.caller(&silent).await;
    assert_eq!(house.books.0.lock().expect("not poisoned").synced, 1);
}

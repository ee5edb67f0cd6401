use std::{sync::Arc, time::Duration};

use palisade_authz::{IdentityTarget, Own, SessionTarget, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    Identity, Secrets, SessionId, State, Timestamp,
    change::{self, Changed},
    decode,
    session::{Aal, AuthenticationMethod, Method},
};
use palisade_store::{Bulk, KnownSession, NewDevice, NewSession, Reach, SessionFilter, Store};
use palisade_tenancy::{
    Admission, CachedDirectory, Caller, Clock, Directory, Principal, SessionToken, SystemClock,
    admit::Claims,
};
use sea_orm::{ConnectionTrait, SqlErr, Statement, Value};
use serde_json::json;

use crate::house::{House, page};

const RETENTION: Duration = Duration::from_secs(3_600);

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn lasting(seconds: i64) -> NewSession {
    NewSession {
        expires_at: now() + chrono::TimeDelta::seconds(seconds),
        authenticated_at: now(),
        aal: Aal::Aal1,
        authentication_methods: vec![AuthenticationMethod {
            method: Method::Oidc,
            aal: Aal::Aal1,
            completed_at: now(),
            provider: Some("google".into()),
            organization: None,
        }],
        device: Some(NewDevice {
            ip_address: Some("198.51.100.7".into()),
            user_agent: Some("test".into()),
            location: None,
        }),
        retention: RETENTION,
    }
}

impl House {
    pub(crate) async fn issued(&self, identity: &Identity) -> (SessionId, SessionToken) {
        let (known, token) = self
            .issue(&self.owner, identity.id, lasting(600))
            .await
            .expect("issues");
        (known.session.id, token)
    }

    pub(crate) async fn admitted(&self, token: &SessionToken) -> Result<Arc<Caller>> {
        let admission = Admission::new(
            Arc::new(CachedDirectory::new(self.store.clone())),
            SystemClock,
        );
        let text = token.reveal();
        let claims = Claims {
            session_token: &[text.as_bytes()],
            ..Claims::default()
        };
        admission
            .admit_session(claims)
            .await
            .map(|(caller, _)| caller)
    }

    pub(crate) async fn counts(&self, token: &SessionToken) -> bool {
        match self.admitted(token).await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.code(), Code::SessionInactive);
                false
            }
        }
    }

    pub(crate) async fn session(
        &self,
        caller: &Arc<Caller>,
        id: SessionId,
    ) -> Option<KnownSession> {
        let sealed = self
            .store
            .load_session(caller.scope(), id)
            .await
            .expect("answers");
        let grant = self
            .grant::<action::ReadSession>(caller, sealed.target())
            .await;
        sealed.open(&grant)
    }

    pub(crate) async fn listed(&self, active: Option<bool>) -> Vec<SessionId> {
        let grant = self.grant::<action::ListSessions>(&self.owner, Own).await;
        let filter = SessionFilter {
            active,
            with_identity: true,
        };
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let page = self
                .store
                .list_sessions(&grant, filter, &page(2, token))
                .await
                .expect("lists");
            assert!(page.items.iter().all(|known| known.identity.is_some()));
            found.extend(page.items.iter().map(|known| known.session.id));
            token = page.next;
            if token.is_none() {
                return found;
            }
        }
    }

    async fn to_state(&self, identity: &Identity, state: &str) -> Identity {
        let body =
            json!({"traits": identity.traits, "state": state, "external_id": identity.external_id});
        let input = decode::replace(body.to_string().as_bytes()).expect("a body");
        let schema = self
            .store
            .identity_schema(self.owner.scope(), "default")
            .await
            .expect("answers")
            .expect("a schema");
        let changed: Changed =
            change::replace(identity, &Secrets::new(), input, &schema, now()).expect("a change");
        self.update(identity.id, identity.revision, changed)
            .await
            .expect("updates")
    }

    pub(crate) async fn manage(&self, bulk: Bulk, reach: Reach) -> (u64, bool) {
        let grant = self.grant::<action::ManageSessions>(&self.owner, Own).await;
        self.store
            .manage_sessions(grant, bulk, reach)
            .await
            .expect("manages")
    }
}

pub(crate) async fn a_session_is_issued_found_ended_and_stays_in_the_list(house: &House) {
    let ada = house.ada(&house.owner).await;
    let before = now();
    let (known, token) = house
        .issue(&house.owner, ada.id, lasting(600))
        .await
        .expect("issues");
    assert!(known.is_active(now()) && known.session.issued_at >= before);
    let caller = house.admitted(&token).await.expect("is admitted");
    let Principal::Identity { id, state, .. } = caller.principal() else {
        panic!("an identity calls");
    };
    assert_eq!((*id, *state), (ada.id, State::Active));
    assert_eq!(caller.tenant(), house.owner.tenant());

    let id = known.session.id;
    let found = house.session(&house.owner, id).await.expect("is there");
    assert_eq!(found.session, known.session);
    assert_eq!(found.identity.expect("comes along"), ada);
    assert_eq!(house.listed(None).await[0], id, "the newest is the first");

    for _ in 0..2 {
        let target = SessionTarget::absent(id);
        let grant = house
            .grant::<action::DisableSession>(&house.owner, target)
            .await;
        assert!(house.store.disable_session(grant).await.expect("ends"));
        assert!(!house.counts(&token).await);
    }
    assert!(house.listed(None).await.contains(&id));
    assert!(!house.listed(Some(true)).await.contains(&id));
    assert!(house.listed(Some(false)).await.contains(&id));
    let events = house.events(&house.owner).await;
    let of_session: Vec<&str> = events
        .iter()
        .filter(|event| event.resource.id == id.to_string())
        .map(|event| event.action.as_str())
        .collect();
    assert_eq!(of_session, ["session:disable", "identity:create_session"]);
    // What is stored does not open anything.
    let hash = house
        .count("sessions WHERE length(token_sha256) = 32")
        .await;
    assert_eq!(hash, house.count("sessions").await);
}

pub(crate) async fn a_token_is_good_for_its_own_tenant_and_session_only(house: &House) {
    let (ada, bob) = (
        house.ada(&house.owner).await,
        house.person("carl@example.com").await,
    );
    let (id, token) = house.issued(&ada).await;
    let (other, _) = house.issued(&bob).await;
    let theirs = house.store.session(house.twin.tenant(), id).await;
    assert!(theirs.expect("answers").is_none());
    // Another secret for a session that is there: the right id opens nothing.
    let forged = SessionToken::generate(token.tenant(), now()).expect("randomness");
    assert!(!house.counts(&forged).await);
    let record = house
        .store
        .session(token.tenant(), other)
        .await
        .expect("answers")
        .expect("is there");
    assert!(!token.matches(&record.secret_sha256));
    assert_eq!(record.identity, bob.id);
}

pub(crate) async fn abuse_01_a_session_of_another_tenant_is_as_absent_as_a_made_up_one(
    house: &House,
) {
    let theirs = house.ada(&house.twin).await;
    let made_up = SessionId::generate(now());
    let filter = SessionFilter::default();
    let grant = house.grant::<action::ListSessions>(&house.twin, Own).await;
    let of_twin = house
        .store
        .list_sessions(&grant, filter, &page(10, None))
        .await
        .expect("lists")
        .items;
    assert_eq!(of_twin.len(), 1, "the twin has one");
    let stranger = of_twin[0].session.id;
    for id in [stranger, made_up] {
        let sealed = house
            .store
            .load_session(house.owner.scope(), id)
            .await
            .expect("answers");
        assert_eq!(sealed.target(), SessionTarget::absent(id));
        let grant = house
            .grant::<action::DisableSession>(&house.owner, sealed.target())
            .await;
        assert!(!house.store.disable_session(grant).await.expect("answers"));
        let grant = house
            .grant::<action::ExtendSession>(&house.owner, SessionTarget::absent(id))
            .await;
        let error = house
            .store
            .extend_session(grant, now())
            .await
            .expect_err("is absent");
        assert_eq!(error.code(), Code::NotFound);
    }
    for reach in [
        Reach::Sessions(vec![stranger, made_up]),
        Reach::Identities(vec![theirs.id]),
    ] {
        for bulk in [Bulk::Disable, Bulk::Delete] {
            assert_eq!(house.manage(bulk, reach.clone()).await, (0, false));
        }
    }
    let grant = house
        .grant::<action::DeleteIdentitySessions>(&house.owner, IdentityTarget::absent(theirs.id))
        .await;
    let deleted = house.store.delete_identity_sessions(grant).await;
    assert_eq!(deleted.expect("answers"), 0);
    let error = house
        .issue(&house.owner, theirs.id, lasting(60))
        .await
        .expect_err("is absent");
    assert_eq!(error.code(), Code::NotFound);
}

pub(crate) async fn the_database_refuses_a_session_of_another_tenants_identity(house: &House) {
    let (ours, theirs) = (
        house.owner.tenant().as_uuid(),
        house.ada(&house.twin).await.id.as_uuid(),
    );
    let text = "INSERT INTO sessions (tenant_id, id, identity_id, token_sha256, enabled, issued_at,
            authenticated_at, expires_at, aal, authentication_methods, devices)
        VALUES ($1, $2, $3, $4, 1, 0, 0, 0, 'aal1', '[]', '[]')";
    let values: [Value; 4] = [
        ours.into(),
        SessionId::generate(now()).as_uuid().into(),
        theirs.into(),
        vec![0_u8; 32].into(),
    ];
    let statement = Statement::from_sql_and_values(house.raw.get_database_backend(), text, values);
    let error = house.raw.execute_raw(statement).await.expect_err("refused");
    assert!(
        matches!(
            error.sql_err(),
            Some(SqlErr::ForeignKeyConstraintViolation(_))
        ),
        "{error}"
    );
}

pub(crate) async fn abuse_42_a_deactivated_identity_loses_its_sessions_for_good(house: &House) {
    let eve = house.person("eve@example.com").await;
    let (ada_session, ada_token) = house.issued(&house.ada(&house.owner).await).await;
    let (first, token) = house.issued(&eve).await;
    let (_, second) = house.issued(&eve).await;
    let inactive = house.to_state(&eve, "inactive").await;
    assert!(!house.counts(&token).await && !house.counts(&second).await);
    assert!(house.counts(&ada_token).await, "others keep theirs");
    let error = house
        .issue(&house.owner, eve.id, lasting(60))
        .await
        .expect_err("is inactive");
    assert_eq!(error.code(), Code::IdentityInactive);

    let active = house.to_state(&inactive, "active").await;
    assert!(!house.counts(&token).await, "they do not come back");
    assert!(
        !house
            .session(&house.owner, first)
            .await
            .expect("is there")
            .session
            .enabled
    );
    let (_, third) = house.issued(&active).await;
    assert!(house.counts(&third).await);

    assert!(house.delete(eve.id).await.expect("deletes"));
    assert!(!house.counts(&third).await);
    assert!(house.session(&house.owner, first).await.is_none());
    assert!(house.session(&house.owner, ada_session).await.is_some());
}

/// Whichever commits first: the session never outlives the deactivation.
pub(crate) async fn abuse_42_a_session_that_is_issued_while_its_identity_is_deactivated_ends_with_it(
    house: &House,
) {
    for number in 0..8 {
        let eve = house.person(&format!("eve{number}@example.com")).await;
        let issue = async {
            let mut tokens = Vec::new();
            for _ in 0..4 {
                match house.issue(&house.owner, eve.id, lasting(600)).await {
                    Ok((_, token)) => tokens.push(token),
                    Err(error) => assert_eq!(error.code(), Code::IdentityInactive),
                }
            }
            tokens
        };
        let deactivate = async {
            tokio::time::sleep(Duration::from_millis(number)).await;
            house.to_state(&eve, "inactive").await
        };
        let (tokens, inactive) = tokio::join!(issue, deactivate);
        house.to_state(&inactive, "active").await;
        for token in tokens {
            assert!(!house.counts(&token).await, "round {number}");
        }
    }
}

pub(crate) async fn an_expired_session_does_not_count_and_goes_when_its_time_is_over(
    house: &House,
) {
    let ada = house.ada(&house.owner).await;
    let issue = async |new| {
        house
            .issue(&house.owner, ada.id, new)
            .await
            .expect("issues")
    };
    // The house has issued one just now, so that this node purges in ten seconds again; another may at once.
    let (old, token) = issue(lasting(-7_200)).await;
    let (recent, _) = issue(lasting(-60)).await;
    assert!(!house.counts(&token).await);
    assert!(!house.listed(Some(true)).await.contains(&old.session.id));
    let node = Store::connect(&House::options(&house.url), Arc::new(SystemClock))
        .await
        .expect("opens");
    let grant = house
        .grant::<action::CreateSession>(&house.owner, IdentityTarget::absent(ada.id))
        .await;
    node.create_session(grant, lasting(60))
        .await
        .expect("issues");
    node.close().await;
    assert!(house.session(&house.owner, old.session.id).await.is_none());
    assert!(
        house
            .session(&house.owner, recent.session.id)
            .await
            .is_some()
    );
}

pub(crate) async fn a_session_is_extended_while_it_counts_and_never_shortened(house: &House) {
    let ada = house.ada(&house.owner).await;
    let (id, _) = house.issued(&ada).await;
    let extend = async |id, until| {
        let grant = house
            .grant::<action::ExtendSession>(&house.owner, SessionTarget::absent(id))
            .await;
        house.store.extend_session(grant, until).await
    };
    let end = async || {
        let known = house.session(&house.owner, id).await.expect("is there");
        known.session.expires_at
    };
    let later = now() + chrono::TimeDelta::days(1);
    extend(id, later).await.expect("extends");
    assert_eq!(end().await, later);
    extend(id, now()).await.expect("changes nothing");
    assert_eq!(end().await, later);
    let (expired, _) = house
        .issue(&house.owner, ada.id, lasting(-1))
        .await
        .expect("issues");
    let error = extend(expired.session.id, later)
        .await
        .expect_err("is over");
    assert_eq!(error.code(), Code::NotFound);
}

use std::sync::Arc;

use palisade_authz::{Own, Refusal, action};
use palisade_store::{AuditFilter, Decision, NewApiKey};
use palisade_tenancy::{Caller, Role};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::house::{House, page};

impl House {
    /// Takes the audit rows of one resource away again, by raw SQL, so that the twin can be compared.
    pub(crate) async fn forget_events_of(&self, caller: &Arc<Caller>, resource: &str) {
        let statement = Statement::from_sql_and_values(
            self.raw.get_database_backend(),
            "DELETE FROM audit_events WHERE tenant_id = $1 AND resource_id = $2",
            [caller.tenant().as_uuid().into(), resource.into()],
        );
        self.raw.execute_raw(statement).await.expect("deletes");
    }

    pub(crate) async fn viewer(&self) -> Arc<Caller> {
        let grant = self.grant::<action::CreateApiKey>(&self.owner, Own).await;
        let new = NewApiKey {
            name: "viewer".into(),
            roles: vec![Role::Viewer],
            ..NewApiKey::default()
        };
        let (_, key) = self
            .store
            .create_api_key(grant, new)
            .await
            .expect("creates");
        self.admit(&key).await.expect("is admitted")
    }
}

pub(crate) async fn abuse_64_a_write_and_its_audit_row_stand_or_fall_together(house: &House) {
    let before = house.events(&house.owner).await.len();
    let person = house.person("eve@example.com").await;
    let events = house.events(&house.owner).await;
    assert_eq!(events.len(), before + 1);
    let event = &events[0];
    assert_eq!(
        (
            event.action.as_str(),
            event.resource.kind.as_str(),
            event.resource.id.clone(),
            event.decision
        ),
        (
            "identity:create",
            "Identity",
            person.id.to_string(),
            Decision::Allow
        )
    );
    assert_eq!(
        (event.request_id.as_str(), event.actor.name.as_str()),
        ("request", "owner")
    );
    assert!(
        !event.policies.is_empty() && event.policy_version > 0,
        "{event:?}"
    );
    house
        .create(
            &house.owner,
            json!({"traits": {"email": "eve@example.com"}}),
        )
        .await
        .expect_err("is taken");
    assert_eq!(
        house.events(&house.owner).await.len(),
        before + 1,
        "a failing write leaves no audit row"
    );
    // Where the audit row can't be written, nothing is.
    house
        .raw
        .execute_unprepared("ALTER TABLE audit_events RENAME TO audit_events_away")
        .await
        .expect("renames");
    house
        .create(
            &house.owner,
            json!({"traits": {"email": "zoe@example.com"}}),
        )
        .await
        .expect_err("can't be audited");
    house
        .raw
        .execute_unprepared("ALTER TABLE audit_events_away RENAME TO audit_events")
        .await
        .expect("renames");
    assert_eq!(
        house
            .count("identity_identifiers WHERE identifier = 'zoe@example.com'")
            .await,
        0
    );
}

pub(crate) async fn refusals_are_written_down(house: &House) {
    let viewer = house.viewer().await;
    let refusal = house
        .decide::<action::CreateIdentity>(&viewer, Own)
        .await
        .expect_err("a viewer may not");
    let Refusal::Denied(denied) = refusal else {
        unreachable!("policies can be had")
    };
    house.store.record_denial(&denied);
    let mut written = None;
    for _ in 0..100 {
        written = house
            .events(&house.owner)
            .await
            .into_iter()
            .find(|event| event.decision == Decision::Deny);
        if written.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let event = written.expect("is written");
    assert_eq!(
        (event.action.as_str(), event.actor.id),
        ("identity:create", viewer.principal().id())
    );
}

pub(crate) async fn audit_events_are_filtered_and_paged(house: &House) {
    let person = house.person("eve@example.com").await;
    let grant = house
        .grant::<action::ListAuditEvents>(&house.owner, Own)
        .await;
    let of = async |filter: AuditFilter| {
        house
            .store
            .list_audit_events(&grant, &filter, &page(100, None))
            .await
            .expect("lists")
            .items
    };
    let any = AuditFilter::default;
    let mine = of(AuditFilter {
        resource: Some(person.id.to_string()),
        ..any()
    })
    .await;
    assert_eq!(mine.len(), 1);
    let all = of(any()).await;
    let creations = of(AuditFilter {
        action: Some("identity:create".into()),
        ..any()
    })
    .await;
    assert_eq!(creations.len(), 3);
    let owner = house.owner.principal().id();
    assert_eq!(
        of(AuditFilter {
            actor: Some(owner),
            ..any()
        })
        .await
        .len(),
        all.len()
    );
    assert_eq!(
        of(AuditFilter {
            decision: Some(Decision::Deny),
            ..any()
        })
        .await
        .len(),
        0
    );
    assert_eq!(
        of(AuditFilter {
            after: Some(mine[0].at),
            ..any()
        })
        .await
        .len(),
        0
    );
    assert_eq!(
        of(AuditFilter {
            before: Some(mine[0].at),
            ..any()
        })
        .await
        .len(),
        all.len() - 1
    );
    let mut walked = Vec::new();
    let mut token = None;
    loop {
        let page = house
            .store
            .list_audit_events(&grant, &any(), &page(1, token))
            .await
            .expect("lists");
        walked.extend(page.items);
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(walked, all);
}

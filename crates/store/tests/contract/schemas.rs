use std::{sync::Arc, time::Duration};

use palisade_authz::{NamedTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{IdentitySchema, etag::IfMatch};
use palisade_store::{ImpactBudget, SchemaDocument, SchemaImpact};
use palisade_tenancy::Caller;
use serde_json::{Value, json};

use crate::house::House;

fn staff(required: &[&str]) -> Value {
    json!({"type": "object", "properties": {"traits": {
        "type": "object",
        "properties": {"badge": {"type": "string"}, "desk": {"type": "integer"}},
        "required": required,
    }}})
}

async fn put(house: &House, caller: &Arc<Caller>, id: &str, document: &Value) -> SchemaDocument {
    let target = NamedTarget::identity_schema(id);
    let grant = house
        .grant::<action::PutIdentitySchema>(caller, target)
        .await;
    let written = house.store.put_identity_schema(grant, document, None).await;
    written.expect("writes").0
}

async fn delete(house: &House, id: &str, if_revision: Option<i64>) -> Result<bool> {
    let target = NamedTarget::identity_schema(id);
    let grant = house.grant(&house.owner, target).await;
    house
        .store
        .delete_identity_schema(grant, if_revision.map(IfMatch::revision))
        .await
}

async fn impact(house: &House, document: &Value, budget: ImpactBudget) -> SchemaImpact {
    let target = NamedTarget::identity_schema("staff");
    let grant = house.grant(&house.owner, target).await;
    let schema = IdentitySchema::compile("staff", document).expect("compiles");
    let schema = Arc::new(schema);
    let impact = house.store.schema_impact(&grant, &schema, budget);
    impact.await.expect("answers")
}

pub(crate) async fn a_schema_that_identities_have_is_not_deleted(house: &House) {
    put(house, &house.owner, "staff", &staff(&[])).await;
    let body = json!({"schema_id": "staff", "traits": {"badge": "7"}});
    let one = house.create(&house.owner, body).await.expect("creates");
    let error = delete(house, "staff", None).await.expect_err("is in use");
    assert_eq!(error.code(), Code::InUse);
    assert_eq!(error.envelope().details["identities"], 1);
    house.delete(one.id).await.expect("deletes");
    assert_eq!(
        delete(house, "staff", Some(2))
            .await
            .expect_err("stale")
            .code(),
        Code::StaleResource
    );
    let before = house.events(&house.owner).await.len();
    assert!(delete(house, "staff", Some(1)).await.expect("deletes"));
    assert!(!delete(house, "staff", None).await.expect("is gone"));
    let events = house.events(&house.owner).await;
    assert_eq!(events.len(), before + 1);
    assert_eq!(events[0].action, "identity_schema:delete");
    assert!(
        house
            .store
            .identity_schema(house.owner.scope(), "staff")
            .await
            .expect("answers")
            .is_none(),
        "what was compiled of it is forgotten"
    );
    assert_eq!(
        delete(house, "default", None)
            .await
            .expect_err("stays")
            .code(),
        Code::InUse
    );
}

pub(crate) async fn a_schema_is_created_once(house: &House) {
    let create = async || {
        let grant = house.grant(&house.owner, Own).await;
        let put = house
            .grant(&house.owner, NamedTarget::identity_schema("staff"))
            .await;
        house
            .store
            .create_identity_schema(grant, put, &staff(&[]))
            .await
    };
    assert_eq!(create().await.expect("creates").revision, 1);
    let error = create().await.expect_err("is there");
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(crate::identities::conflicts(&error), ["id"]);
    let events = house.events(&house.owner).await;
    assert_eq!(events[0].action, "identity_schema:create");
    assert_eq!(events[0].resource.id, "staff");
}

pub(crate) async fn an_identity_of_a_schema_that_went_meanwhile_is_refused_by_its_name(
    house: &House,
) {
    put(house, &house.owner, "staff", &staff(&[])).await;
    let body = json!({"schema_id": "staff", "traits": {"badge": "7"}});
    let changed = house.changed(&house.owner, body).await;
    assert!(delete(house, "staff", None).await.expect("deletes"));
    let grant = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    let error = house.store.create_identity(grant, changed, None).await;
    let error = error.expect_err("is gone");
    assert_eq!(error.code(), Code::SchemaViolation);
    assert_eq!(error.envelope().details["field"], "schema_id");
}

pub(crate) async fn the_impact_of_a_schema_is_counted_and_sampled_within_its_budget(house: &House) {
    for caller in [&house.owner] {
        put(house, caller, "staff", &staff(&[])).await;
    }
    let mut misfits = Vec::new();
    for number in 0..30 {
        let traits = if number % 3 == 0 {
            json!({"badge": format!("secret-{number}")})
        } else {
            json!({"badge": format!("secret-{number}"), "desk": number})
        };
        let body = json!({"schema_id": "staff", "traits": traits});
        let identity = house.create(&house.owner, body).await.expect("creates");
        if number % 3 == 0 {
            misfits.push(identity.id);
        }
    }
    let all = ImpactBudget::default();
    assert!(impact(house, &staff(&["badge"]), all).await.is_none());
    let found = impact(house, &staff(&["desk"]), ImpactBudget { sample: 4, ..all }).await;
    assert_eq!(
        (found.checked, found.failing, found.complete),
        (30, 10, true)
    );
    assert!(!found.is_none());
    let sampled: Vec<_> = found.sample.iter().map(|misfit| misfit.id).collect();
    assert_eq!(sampled, misfits[..4]);
    assert_eq!(found.sample[0].errors[0]["field"], "traits.desk");
    let told = serde_json::to_string(&found).expect("serializes");
    assert!(!told.contains("secret"), "no value of a trait: {told}");

    let few = ImpactBudget {
        identities: 10,
        ..all
    };
    let found = impact(house, &staff(&["desk"]), few).await;
    assert_eq!((found.checked, found.complete), (10, false));
    let soon = ImpactBudget {
        time: Duration::ZERO,
        ..all
    };
    let found = impact(house, &staff(&["badge"]), soon).await;
    assert_eq!((found.checked, found.complete), (0, false));
    assert!(
        !found.is_none(),
        "what was not looked at is not known to fit"
    );
}

pub(crate) async fn schemas_are_paged_by_number(house: &House) {
    for id in ["b", "a", "c", "d"] {
        put(house, &house.owner, id, &staff(&[])).await;
    }
    let grant = house
        .grant::<action::ListIdentitySchemas>(&house.owner, Own)
        .await;
    let page = async |limit, offset| {
        let page = house
            .store
            .list_identity_schemas_by_number(&grant, limit, offset);
        let (documents, total) = page.await.expect("lists");
        assert_eq!(total, 5);
        documents
            .into_iter()
            .map(|document| document.id)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(page(2, 0).await, "a b");
    assert_eq!(page(2, 4).await, "default");
    assert_eq!(page(2, 6).await, "");
    let numbering = house.store.schema_numbering(&grant).await.expect("answers");
    let token = numbering.token(4).expect("seals");
    assert_eq!(numbering.offset(&token).expect("opens"), 4);
    let grant = house
        .grant::<action::ListIdentitySchemas>(&house.twin, Own)
        .await;
    let theirs = house.store.schema_numbering(&grant).await.expect("answers");
    assert_eq!(
        theirs.offset(&token).expect_err("another tenant's").code(),
        Code::InvalidPageToken
    );
}

pub(crate) async fn a_schema_that_is_deleted_while_identities_take_it_up_leaves_none_of_them_behind(
    house: &House,
) {
    for round in 0..6 {
        put(house, &house.owner, "staff", &staff(&[])).await;
        let mut writes = Vec::new();
        for number in 0..4 {
            let body =
                json!({"schema_id": "staff", "traits": {"badge": format!("{round}-{number}")}});
            let changed = house.changed(&house.owner, body).await;
            let grant = house
                .grant::<action::CreateIdentity>(&house.owner, Own)
                .await;
            writes.push(house.store.create_identity(grant, changed, None));
        }
        let create = futures_util::future::join_all(writes);
        // Now and then the deletion has a start.
        let delete = async {
            if round % 2 == 0 {
                tokio::task::yield_now().await;
            }
            delete(house, "staff", None).await
        };
        let (deleted, created) = house
            .held_up(futures_util::future::join(delete, create))
            .await;
        for one in created {
            match one {
                Ok(identity) => {
                    house.delete(identity.id).await.expect("deletes");
                    assert_eq!(
                        deleted.as_ref().expect_err("is in use").code(),
                        Code::InUse,
                        "an identity of it was made"
                    );
                }
                Err(error) => {
                    assert_eq!(error.code(), Code::SchemaViolation);
                    assert!(*deleted.as_ref().expect("it was deleted"));
                }
            }
        }
        let orphans = "identities i WHERE NOT EXISTS (SELECT 1 FROM identity_schemas s
            WHERE s.tenant_id = i.tenant_id AND s.id = i.schema_id)";
        assert_eq!(house.count(orphans).await, 0);
    }
}

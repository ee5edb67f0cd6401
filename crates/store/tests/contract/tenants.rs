use palisade_authz::{NamedTarget, Own, PolicySource, action};
use palisade_envelope::{Code, Error};
use palisade_identity::{etag::IfMatch, schema::IdentitySchema};
use palisade_store::{NewApiKey, TenantUpdate};
use palisade_tenancy::{Clock, KeyId, Role, SystemClock, TenantId, TenantState};
use serde_json::json;

use crate::{
    house::{House, page},
    identities::conflicts,
};

pub(crate) async fn abuse_11_the_slug_of_a_deleted_tenant_is_free_and_shows_nothing_of_it(
    house: &House,
) {
    let old = house.owner.tenant();
    let grant = house.of_tenant::<action::DeleteTenant>(old).await;
    assert!(
        house
            .store
            .delete_tenant(grant, None)
            .await
            .expect("deletes")
    );
    assert_eq!(
        house.admit(&house.key).await.expect_err("old keys").code(),
        Code::Unauthenticated
    );
    let grant = house
        .grant::<action::CreateTenant>(&house.operator, Own)
        .await;
    let new = house
        .store
        .create_tenant(grant, "acme", None)
        .await
        .expect("the slug is free");
    assert_ne!(new.id, old);
    assert_eq!(
        house.admit(&house.key).await.expect_err("still").code(),
        Code::Unauthenticated
    );
    for table in [
        "identities",
        "api_keys",
        "policies",
        "audit_events",
        "external_identities",
    ] {
        let rows = house.dump(new.id).await;
        assert!(
            !rows.iter().any(|row| row.starts_with(&format!("{table}:"))),
            "{table} of a new tenant"
        );
    }
    let grant = house
        .grant::<action::ListTenants>(&house.operator, Own)
        .await;
    assert_eq!(
        house
            .store
            .tenant_by_name(&grant, "acme")
            .await
            .expect("answers")
            .expect("is there")
            .id,
        new.id
    );
    let page = house
        .store
        .list_tenants(&grant, &page(50, None))
        .await
        .expect("lists");
    assert!(
        page.items
            .iter()
            .all(|tenant| tenant.id != old && tenant.id != TenantId::PLATFORM)
    );
    let grant = house.of_tenant::<action::ReadTenant>(old).await;
    assert!(
        house
            .store
            .read_tenant(&grant)
            .await
            .expect("answers")
            .is_none()
    );
}

pub(crate) async fn a_suspended_tenant_is_seen_as_such_and_comes_back(house: &House) {
    let grant = house
        .of_tenant::<action::SuspendTenant>(house.owner.tenant())
        .await;
    let tenant = house
        .store
        .suspend_tenant(grant, None)
        .await
        .expect("suspends")
        .expect("is there");
    assert_eq!(tenant.state, TenantState::Suspended);
    assert_eq!(
        house.admit(&house.key).await.expect_err("refuses").code(),
        Code::TenantSuspended
    );
    let grant = house
        .of_tenant::<action::ResumeTenant>(house.owner.tenant())
        .await;
    house
        .store
        .resume_tenant(grant, None)
        .await
        .expect("resumes")
        .expect("is there");
    house.admit(&house.key).await.expect("is admitted");
    for action in ["tenant:suspend", "tenant:resume"] {
        let of_tenant = format!(
            "action = '{action}' AND resource_id = '{}'",
            house.owner.tenant()
        );
        assert_eq!(
            house
                .count(&format!("audit_events WHERE {of_tenant}"))
                .await,
            1
        );
    }
}

pub(crate) async fn keys_are_made_listed_and_revoked(house: &House) {
    let new = NewApiKey {
        name: "viewer".into(),
        roles: vec![Role::Viewer],
        expires_at: Some(SystemClock.now() + chrono::Duration::days(1)),
        allowed_cidrs: vec!["10.0.0.0/8".parse().expect("a network")],
    };
    let grant = house.grant::<action::CreateApiKey>(&house.owner, Own).await;
    let (record, key) = house
        .store
        .create_api_key(grant, new)
        .await
        .expect("creates");
    assert_eq!(key.tenant(), house.owner.tenant());
    let grant = house.grant::<action::ListApiKeys>(&house.owner, Own).await;
    let listed = house
        .store
        .list_api_keys(&grant, &page(50, None))
        .await
        .expect("lists")
        .items;
    assert_eq!(
        (
            listed.len(),
            listed.iter().find(|listed| listed.id == record.id)
        ),
        (2, Some(&record))
    );
    for expected in [true, true] {
        let grant = house
            .grant::<action::RevokeApiKey>(&house.owner, NamedTarget::api_key(house.key.id()))
            .await;
        assert_eq!(
            house.store.revoke_api_key(grant).await.expect("revokes"),
            expected
        );
    }
    assert_eq!(
        house
            .admit(&house.key)
            .await
            .expect_err("is revoked")
            .code(),
        Code::Unauthenticated
    );
    let theirs = house
        .of_tenant::<action::ListTenantKeys>(house.twin.tenant())
        .await;
    let theirs = house
        .store
        .list_tenant_keys(&theirs, &page(50, None))
        .await
        .expect("lists")
        .items
        .remove(0);
    let grant = house
        .grant::<action::RevokeApiKey>(&house.owner, NamedTarget::api_key(theirs.id))
        .await;
    assert!(
        !house
            .store
            .revoke_api_key(grant)
            .await
            .expect("another tenant's key is absent")
    );
    let platform = house
        .of_tenant::<action::CreateTenantKey>(TenantId::PLATFORM)
        .await;
    let new = NewApiKey {
        name: "ops".into(),
        ..NewApiKey::default()
    };
    let (_, operator) = house
        .store
        .create_tenant_key(platform, new)
        .await
        .expect("creates");
    assert_eq!(
        house
            .admit(&operator)
            .await
            .expect("is admitted")
            .principal()
            .kind(),
        "Operator"
    );
}

pub(crate) async fn acts_on_tenants_that_are_not_there_change_nothing(house: &House) {
    let nobody = TenantId::generate(SystemClock.now());
    let before = house.dump(TenantId::PLATFORM).await;
    let grant = house.of_tenant::<action::SuspendTenant>(nobody).await;
    assert!(
        house
            .store
            .suspend_tenant(grant, None)
            .await
            .expect("answers")
            .is_none()
    );
    let grant = house.of_tenant::<action::ResumeTenant>(nobody).await;
    assert!(
        house
            .store
            .resume_tenant(grant, None)
            .await
            .expect("answers")
            .is_none()
    );
    let grant = house.of_tenant::<action::DeleteTenant>(nobody).await;
    assert!(
        !house
            .store
            .delete_tenant(grant, None)
            .await
            .expect("answers")
    );
    let grant = house.of_tenant::<action::RevokeTenantKey>(nobody).await;
    let key = KeyId::generate(SystemClock.now());
    assert!(
        !house
            .store
            .revoke_tenant_key(grant, key)
            .await
            .expect("answers")
    );
    let grant = house.of_tenant::<action::CreateTenantKey>(nobody).await;
    let new = NewApiKey {
        name: "x".into(),
        ..NewApiKey::default()
    };
    assert_eq!(
        house
            .store
            .create_tenant_key(grant, new)
            .await
            .expect_err("refuses")
            .code(),
        Code::NotFound
    );
    let grant = house
        .of_tenant::<action::DeleteTenant>(TenantId::PLATFORM)
        .await;
    assert!(
        !house
            .store
            .delete_tenant(grant, None)
            .await
            .expect("the operator's own stays")
    );
    assert_eq!(house.dump(TenantId::PLATFORM).await, before);
}

pub(crate) async fn a_taken_slug_is_a_conflict(house: &House) {
    let grant = house
        .grant::<action::CreateTenant>(&house.operator, Own)
        .await;
    let error = house
        .store
        .create_tenant(grant, "twin", None)
        .await
        .expect_err("is taken");
    assert_eq!(conflicts(&error), ["name"]);
    let grant = house
        .of_tenant::<action::UpdateTenant>(house.owner.tenant())
        .await;
    let update = TenantUpdate {
        name: Some("twin".into()),
        ..TenantUpdate::default()
    };
    let error = house
        .store
        .update_tenant(grant, update, None)
        .await
        .expect_err("is taken");
    assert_eq!(conflicts(&error), ["name"]);
    let grant = house
        .of_tenant::<action::UpdateTenant>(house.owner.tenant())
        .await;
    let update = TenantUpdate {
        display_name: Some(Some("Acme".into())),
        ..TenantUpdate::default()
    };
    let tenant = house
        .store
        .update_tenant(grant, update, Some(IfMatch::revision(1)))
        .await
        .expect("updates")
        .expect("is there");
    assert_eq!(
        (
            tenant.name.as_str(),
            tenant.display_name.as_deref(),
            tenant.revision
        ),
        ("acme", Some("Acme"), 2)
    );
}

pub(crate) async fn schemas_are_written_read_and_compiled(house: &House) {
    let put = async |document: serde_json::Value, revision| {
        let target = NamedTarget::identity_schema("staff");
        let grant = house
            .grant::<action::PutIdentitySchema>(&house.owner, target)
            .await;
        house
            .store
            .put_identity_schema(grant, &document, revision)
            .await
    };
    let document = IdentitySchema::default_document();
    let (first, created) = put(document.clone(), None).await.expect("writes");
    assert_eq!(
        (first.id.as_str(), first.revision, created),
        ("staff", 1, true)
    );
    assert!(
        house
            .store
            .identity_schema(house.owner.scope(), "staff")
            .await
            .expect("answers")
            .is_some()
    );
    assert!(
        house
            .store
            .identity_schema(house.twin.scope(), "staff")
            .await
            .expect("answers")
            .is_none()
    );
    let (second, created) = put(document.clone(), Some(IfMatch::revision(1)))
        .await
        .expect("writes");
    assert_eq!((second.revision, created), (2, false));
    assert_eq!(
        put(document, Some(IfMatch::revision(1)))
            .await
            .expect_err("is stale")
            .code(),
        Code::StaleResource
    );
    assert_eq!(
        put(json!({"type": 7}), None)
            .await
            .expect_err("refuses")
            .code(),
        Code::InvalidDocument
    );
    let grant = house
        .grant::<action::ListIdentitySchemas>(&house.owner, Own)
        .await;
    let ids = house
        .store
        .list_identity_schemas(&grant, &page(50, None))
        .await
        .expect("lists")
        .items;
    assert_eq!(
        ids.iter()
            .map(|schema| schema.id.as_str())
            .collect::<Vec<_>>(),
        ["default", "staff"]
    );
    let target = NamedTarget::identity_schema("staff");
    let grant = house
        .grant::<action::ReadIdentitySchema>(&house.owner, target)
        .await;
    assert_eq!(
        house
            .store
            .read_identity_schema(&grant)
            .await
            .expect("answers"),
        Some(second)
    );
}

pub(crate) async fn a_list_of_revisions_or_any_can_be_insisted_on(house: &House) {
    let insist = |text: &str| Some(IfMatch::parse(text).expect("parses"));
    let put = async |expected| {
        let target = NamedTarget::identity_schema("staff");
        let grant = house
            .grant::<action::PutIdentitySchema>(&house.owner, target)
            .await;
        house
            .store
            .put_identity_schema(grant, &IdentitySchema::default_document(), expected)
            .await
            .map(|(document, _)| document.revision)
            .map_err(|error| error.code())
    };
    assert_eq!(put(insist("*")).await, Err(Code::StaleResource));
    assert_eq!(put(None).await, Ok(1));
    assert_eq!(put(insist("*")).await, Ok(2));
    assert_eq!(put(insist("\"1\", \"2\"")).await, Ok(3));
    assert_eq!(
        put(insist("\"1\", W/\"3\"")).await,
        Err(Code::StaleResource)
    );

    let tenant = house.owner.tenant();
    let suspend = async |expected| {
        let grant = house.of_tenant::<action::SuspendTenant>(tenant).await;
        let tenant = house.store.suspend_tenant(grant, expected).await;
        tenant
            .map(|tenant| tenant.expect("is there").state)
            .map_err(|error| error.code())
    };
    assert_eq!(suspend(insist("\"7\"")).await, Err(Code::StaleResource));
    assert_eq!(
        suspend(insist("\"7\", \"1\"")).await,
        Ok(TenantState::Suspended)
    );
    let grant = house.of_tenant::<action::DeleteTenant>(tenant).await;
    let error = house.store.delete_tenant(grant, insist("\"1\"")).await;
    assert_eq!(error.expect_err("has changed").code(), Code::StaleResource);
    let grant = house.of_tenant::<action::UpdateTenant>(tenant).await;
    let update = TenantUpdate::default();
    let updated = house.store.update_tenant(grant, update, insist("*")).await;
    assert_eq!(updated.expect("updates").expect("is there").revision, 3);
}

pub(crate) async fn policies_raise_the_version_and_the_check_can_refuse(house: &House) {
    let tenant = house.owner.tenant();
    let version = async || house.store.policies(tenant).await.expect("answers").version;
    let before = version().await;
    let text = "permit (principal, action, resource) when { false };";
    let put = async |refuse: bool| {
        let policy = house.gate.validate(tenant, "more", text).expect("is valid");
        let grant = house
            .grant::<action::PutPolicy>(&house.owner, NamedTarget::policy("more"))
            .await;
        let check = move |policies: &[palisade_authz::StoredPolicy]| {
            assert_eq!(policies.len(), 2, "as they would be");
            if refuse {
                Err(Error::new(Code::PolicyLockout))
            } else {
                Ok(())
            }
        };
        house.store.put_policy(grant, policy, None, check).await
    };
    assert_eq!(
        put(true).await.expect_err("the check refuses").code(),
        Code::PolicyLockout
    );
    assert_eq!(version().await, before);
    let (document, created) = put(false).await.expect("writes");
    assert_eq!(
        (document.policy.as_ref(), document.revision, created),
        (text, 1, true)
    );
    assert_eq!(version().await, before + 1);
    let grant = house
        .grant::<action::ReadPolicy>(&house.owner, NamedTarget::policy("more"))
        .await;
    assert_eq!(
        house.store.read_policy(&grant).await.expect("answers"),
        Some(document)
    );
    let grant = house
        .grant::<action::DeletePolicy>(&house.owner, NamedTarget::policy("more"))
        .await;
    assert!(
        house
            .store
            .delete_policy(grant, Some(IfMatch::revision(1)), |_| Ok(()))
            .await
            .expect("deletes")
    );
    assert_eq!(version().await, before + 2);
    let grant = house.grant::<action::ListPolicies>(&house.owner, Own).await;
    assert_eq!(
        house
            .store
            .list_policies(&grant, &page(50, None))
            .await
            .expect("lists")
            .items
            .len(),
        1
    );
    let grant = house
        .grant::<action::DeletePolicy>(&house.owner, NamedTarget::policy("more"))
        .await;
    assert!(
        !house
            .store
            .delete_policy(grant, None, |_| Ok(()))
            .await
            .expect("is gone")
    );
}

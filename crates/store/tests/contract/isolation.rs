use palisade_authz::{ExternalIdentityTarget, IdentityTarget, action};
use palisade_identity::{IdentityId, LinkId, LinkedBy};
use palisade_tenancy::{Clock, SystemClock};
use sea_orm::{ConnectionTrait, SqlErr, Statement, Value};

use crate::house::{House, page};

pub(crate) async fn a_row_that_points_into_another_tenant_is_refused_by_the_database(
    house: &House,
) {
    let (ours, theirs) = (
        house.owner.tenant().as_uuid(),
        house.ada(&house.twin).await.id.as_uuid(),
    );
    let provider = house.providers(&house.owner).await.remove(0);
    let their_provider = house.providers(&house.twin).await.remove(0);
    let ada = house.ada(&house.owner).await.id.as_uuid();
    let link = LinkId::generate(SystemClock.now()).as_uuid();
    let external = "INSERT INTO external_identities
        (tenant_id, id, identity_id, provider_id, external_id, linked_by, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 'x', 'manual', 0, 0)";
    let attempts: [(&str, Vec<Value>); 5] = [
        (
            "INSERT INTO identity_identifiers (tenant_id, type, identifier, identity_id) VALUES ($1, 'password', 'x', $2)",
            vec![ours.into(), theirs.into()],
        ),
        (
            "INSERT INTO identity_addresses (tenant_id, kind, via, value, identity_id)
             VALUES ($1, 'recovery', 'email', 'x', $2)",
            vec![ours.into(), theirs.into()],
        ),
        (
            "INSERT INTO identity_secrets (tenant_id, identity_id, type, config) VALUES ($1, $2, 'totp', '{}')",
            vec![ours.into(), theirs.into()],
        ),
        (
            external,
            vec![
                ours.into(),
                link.into(),
                theirs.into(),
                provider.id.as_uuid().into(),
            ],
        ),
        (
            external,
            vec![
                ours.into(),
                link.into(),
                ada.into(),
                their_provider.id.as_uuid().into(),
            ],
        ),
    ];
    for (text, values) in attempts {
        let statement =
            Statement::from_sql_and_values(house.raw.get_database_backend(), text, values);
        let error = house.raw.execute_raw(statement).await.expect_err(text);
        assert!(
            matches!(
                error.sql_err(),
                Some(SqlErr::ForeignKeyConstraintViolation(_))
            ),
            "{error}"
        );
    }
}

pub(crate) async fn abuse_01_an_id_of_another_tenant_is_as_absent_as_a_made_up_one(house: &House) {
    let theirs = house.ada(&house.twin).await;
    let made_up = IdentityId::generate(SystemClock.now());
    for id in [theirs.id, made_up] {
        let sealed = house
            .store
            .load_identity(house.owner.scope(), id)
            .await
            .expect("answers");
        assert_eq!(sealed.target(), IdentityTarget::absent(id));
        let grant = house
            .grant::<action::ReadIdentity>(&house.owner, sealed.target())
            .await;
        assert!(sealed.open(&grant).is_none());
        assert!(!house.delete(id).await.expect("answers"));
        let grant = house
            .grant::<action::ListExternalIdentities>(&house.owner, IdentityTarget::absent(id))
            .await;
        assert!(
            house
                .store
                .list_external_identities(&grant, &page(50, None))
                .await
                .expect("answers")
                .items
                .is_empty()
        );
    }
}

pub(crate) async fn abuse_03_a_link_of_another_identity_is_absent(house: &House) {
    let ada = house.ada(&house.owner).await;
    let other = house.person("eve@example.com").await;
    let grant = house
        .grant::<action::ListExternalIdentities>(&house.owner, IdentityTarget::absent(ada.id))
        .await;
    let link = house
        .store
        .list_external_identities(&grant, &page(50, None))
        .await
        .expect("lists")
        .items
        .remove(0);
    for (user, there) in [(ada.id, true), (other.id, false)] {
        let sealed = house
            .store
            .load_external_identity(house.owner.scope(), user, link.id)
            .await
            .expect("answers");
        let target = ExternalIdentityTarget {
            user,
            id: link.id,
            linked_by: LinkedBy::Manual,
        };
        assert_eq!(sealed.target(), target);
        let grant = house
            .grant::<action::UnlinkExternalIdentity>(&house.owner, target)
            .await;
        assert_eq!(sealed.open(&grant).is_some(), there);
    }
}

pub(crate) async fn a_sealed_row_opens_for_its_own_grant_only(house: &House) {
    let ada = house.ada(&house.owner).await;
    let other = house.person("eve@example.com").await;
    let sealed = async || {
        house
            .store
            .load_identity(house.owner.scope(), ada.id)
            .await
            .expect("answers")
    };
    let grant = house
        .grant::<action::ReadIdentity>(&house.owner, IdentityTarget::absent(other.id))
        .await;
    assert!(
        sealed().await.open(&grant).is_none(),
        "a grant on another identity"
    );
    let grant = house
        .grant::<action::ReadIdentity>(&house.twin, IdentityTarget::absent(ada.id))
        .await;
    assert!(
        sealed().await.open(&grant).is_none(),
        "a grant of another tenant"
    );
    let grant = house
        .grant::<action::ReadIdentity>(&house.owner, sealed().await.target())
        .await;
    assert!(sealed().await.open(&grant).is_some());
}

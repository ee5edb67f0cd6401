//! `DELETE /admin/identities/{id}`

use super::{create, ids};
use crate::database::random_id;

on_both_databases! {
    async fn delete_is_204_then_404_and_takes_sessions_credentials_and_links_along(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let path = format!("/admin/identities/{}", alpha.ada);
        let gone = owner.delete(&path).await.expect(204);
        assert!(gone.body.is_empty());
        owner.delete(&path).await.refused(404, "not_found");
        owner.get(&path).await.refused(404, "not_found");
        owner.get(&format!("/admin/sessions/{}", alpha.ada_session)).await.refused(404, "not_found");
        assert!(ids(&owner.get(&format!("{path}/sessions")).await.expect(200)).is_empty());
        owner.get(&format!("/v1/users/{}/identities", alpha.ada)).await.refused(404, "not_found");
        // Identifier, external id and account are free again.
        let body = serde_json::json!({"traits": {"email": "ada@example.test"}, "external_id": "ada",
            "credentials": {"oidc": {"config": {"providers": [{"provider": "corp", "subject": "sub-ada"}]}}}});
        super::created(owner, body).await;
    }

    async fn delete_of_an_id_that_is_none_or_no_uuid_is_404(house: House) {
        let owner = &house.alpha.owner;
        for id in [random_id().as_str(), "x", &house.twin.ada] {
            owner.delete(&format!("/admin/identities/{id}")).await.refused(404, "not_found");
        }
        create(owner, "eve@example.test").await;
    }
}

//! `GET /admin/identities/by/external/{externalID}`

use serde_json::json;

use super::{created, read};

on_both_databases! {
    async fn by_external_id_answers_as_by_id_and_404_where_there_is_none(house: House) {
        let (owner, ada) = (&house.alpha.owner, &house.alpha.ada);
        let reply = owner.get("/admin/identities/by/external/ada").await.expect(200);
        assert_eq!(reply.json(), read(owner, ada).await);
        assert_eq!(reply.header("etag"), owner.get(&format!("/admin/identities/{ada}")).await.header("etag"));
        owner.get("/admin/identities/by/external/nobody").await.refused(404, "not_found");
        owner.get("/admin/identities/by/external/ADA").await.refused(404, "not_found");
        let with = owner.get("/admin/identities/by/external/ada?include_credential=oidc").await.expect(200).json();
        assert!(with["credentials"]["oidc"]["config"].is_object());
    }

    async fn by_external_id_is_one_segment_that_is_decoded(house: House) {
        let owner = &house.alpha.owner;
        for (external_id, path) in [("a/b", "a%2Fb"), ("ü 1", "%C3%BC%201"), ("x+y", "x+y"), ("50%", "50%25")] {
            let email = format!("{:x}@example.test", external_id.len() * 7 + external_id.as_bytes()[0] as usize);
            let id = created(owner, json!({"traits": {"email": email}, "external_id": external_id})).await.text("/id");
            let found = owner.get(&format!("/admin/identities/by/external/{path}")).await.expect(200);
            assert_eq!(found.text("/id"), id, "{external_id}");
        }
        assert_eq!(owner.get("/admin/identities/by/external/a/b").await.status, 404);
    }
}

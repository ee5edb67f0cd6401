//! Paths, queries and methods that lead nowhere.

use reqwest::Method;

use super::names;
use crate::{client::send, database::random_id, house::Tenant};

on_both_databases! {
    async fn ids_that_are_no_uuids_are_answered_as_the_dialect_says(house: House) {
        let Tenant { owner, ada, .. } = &house.alpha;
        for id in [
            "x",
            "7",
            "not-a-uuid",
            "00000000-0000-0000-0000-00000000000",
            "%00",
            "%C3%A4",
            "..%2F..%2Fetc",
        ] {
            owner
                .get(&format!("/admin/identities/{id}"))
                .await
                .refused(404, "not_found");
            owner
                .delete(&format!("/admin/identities/{id}"))
                .await
                .refused(404, "not_found");
            for path in [
                format!("/v1/users/{id}"),
                format!("/v1/users/{ada}/identities/{id}"),
                format!("/v1/identity-providers/{id}"),
                format!("/v1/api-keys/{id}"),
            ] {
                let reply = owner.delete(&path).await;
                assert!([400, 404, 405].contains(&reply.status), "{reply}");
                reply.json();
            }
            owner
                .get(&format!("/v1/users/{id}"))
                .await
                .refused(400, "invalid_id");
            owner
                .get(&format!("/admin/identities?ids={id}"))
                .await
                .expect(400);
        }
        // The UUID of another form is the same id, or none: never an error of ours.
        let simple = ada.replace('-', "");
        let reply = owner.get(&format!("/admin/identities/{simple}")).await;
        assert!([200, 404].contains(&reply.status), "{reply}");
    }

    async fn wrong_queries_are_refused_by_the_parameters_name(house: House) {
        let owner = &house.alpha.owner;
        let many: String = (0..501).map(|_| format!("&ids={}", random_id())).collect();
        for (path, parameter) in [
            ("/admin/identities?page_size=many".to_owned(), "page_size"),
            ("/admin/identities?ids=x".to_owned(), "ids"),
            (format!("/admin/identities?page_size=500{many}"), "500"),
            (
                "/admin/identities?include_credential=everything".to_owned(),
                "include_credential",
            ),
            (
                format!(
                    "/admin/identities/{}?include_credential=everything",
                    house.alpha.ada
                ),
                "include_credential",
            ),
            (
                "/admin/identities?organization_id=x".to_owned(),
                "organization_id",
            ),
            ("/v1/users?page_size=0".to_owned(), "page_size"),
            ("/v1/users?page_size=501".to_owned(), "page_size"),
            ("/v1/users?page_size=many".to_owned(), "page_size"),
            ("/v1/users?shoe_size=42".to_owned(), "shoe_size"),
        ] {
            let reply = owner.get(&path).await;
            assert_eq!(reply.status, 400, "{reply}");
            names(&reply, parameter);
        }
    }

    async fn unknown_paths_and_methods_are_json_in_the_registry(house: House) {
        let owner = &house.alpha.owner;
        for path in [
            "/",
            "/nothing",
            "/v1/nothing",
            "/admin/nothing",
            "/v1",
            "/admin",
        ] {
            let reply = owner.get(path).await;
            assert_eq!(reply.status, 404, "{reply}");
            assert_eq!(reply.json()["code"], "not_found", "{reply}");
        }
        for (method, path) in [
            (Method::PUT, "/admin/identities"),
            (Method::DELETE, "/v1/whoami"),
            (Method::POST, "/health/alive"),
        ] {
            let reply = send(owner.request(method, path)).await;
            assert!(!reply.header("allow").is_empty(), "{reply}");
            reply.refused(405, "method_not_allowed");
        }
    }
}

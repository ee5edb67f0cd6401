//! What belongs to another connection, or to another tenant, is not there.

use reqwest::Method;
use serde_json::json;

use super::{Client, Refused as _, id};
use crate::client::send;

on_both_databases! {
    async fn a_user_whose_link_an_admin_took_away_is_absent_to_its_connection(house: House) {
        let owner = &house.alpha.owner;
        let client = Client::connect(owner, "entra").await;
        let ada = id(&client.post("/Users", json!({"userName": "ada", "emails": [{"value": "ada@scim.test"}]})).await.expect(201).json());
        let group = client.post("/Groups", json!({"displayName": "G", "members": [{"value": ada}]})).await.expect(201).json();
        let links = owner.all(&format!("/v1/users/{ada}/identities")).await;
        let link = links[0]["id"].as_str().expect("an id");
        owner.delete(&format!("/v1/users/{ada}/identities/{link}?force=true")).await.expect(204);
        let path = format!("/Users/{ada}");
        client.get(&path).await.scim_refused(404, None);
        client.patch(&path, json!([{"op": "replace", "path": "password", "value": "open sesame, please"}])).await.scim_refused(404, None);
        client.put(&path, json!({"userName": "ada"})).await.scim_refused(404, None);
        client.delete(&path).await.scim_refused(404, None);
        assert_eq!(client.filter("/Users", "emails.value eq \"ada@scim.test\"").await["totalResults"], 0);
        let now = client.get(&format!("/Groups/{}", id(&group))).await.expect(200).json();
        assert!(now.get("members").is_none() && now["meta"]["version"] != group["meta"]["version"]);
        owner.get(&format!("/admin/identities/{ada}")).await.expect(200);
        // And nothing of the connection holds its provider any more.
        owner.delete(&format!("/v1/identity-providers/{}", client.provider)).await.expect(204);
        client.get("/Users").await.scim_refused(401, None);
    }

    async fn a_provider_that_has_users_stays(house: House) {
        let owner = &house.alpha.owner;
        let client = Client::connect(owner, "entra").await;
        client.user("ada").await;
        owner.delete(&format!("/v1/identity-providers/{}", client.provider)).await.refused(409, "in_use");
    }

    async fn abuse_01_users_of_another_connection_and_tenant_are_absent_on_every_verb(house: House) {
        let mine = Client::connect(&house.alpha.owner, "okta").await;
        let neighbour = Client::connect(&house.alpha.owner, "entra").await;
        let (_, elsewhere) = house.gateway.new_tenant("elsewhere").await;
        let foreign = Client::connect(&elsewhere, "okta").await;
        let made_up = "0190f3c0-0000-7000-8000-00000000000a".to_owned();
        let mut answers = Vec::new();
        for other in [&neighbour, &foreign] {
            let user = other.user("ada").await;
            answers.push((other, id(&user)));
        }
        for id in answers.iter().map(|(_, id)| id).chain([&made_up, &house.alpha.ada]) {
            let path = format!("/Users/{id}");
            mine.get(&path).await.scim_refused(404, None);
            mine.put(&path, json!({"userName": "x"})).await.scim_refused(404, None);
            mine.patch(&path, json!([{"op": "replace", "path": "active", "value": false}])).await.scim_refused(404, None);
            mine.delete(&path).await.scim_refused(404, None);
            assert_eq!(mine.filter("/Users", &format!("id eq \"{id}\"")).await["totalResults"], 0);
        }
        let enterprise = super::ENTERPRISE;
        for (_, id) in &answers {
            // Nor can it be named as a manager.
            let body = json!({"userName": "mine", enterprise: {"manager": {"value": id}}});
            mine.post("/Users", body).await.scim_refused(400, Some("invalidValue"));
        }
        for (other, id) in &answers {
            let user = other.get(&format!("/Users/{id}")).await.expect(200).json();
            assert_eq!(user["active"], true);
        }
        assert_eq!(mine.get("/Users").await.expect(200).json()["totalResults"], 0);
    }

    async fn abuse_06_a_name_that_is_taken_in_another_tenant_is_free_here(house: House) {
        let (_, elsewhere) = house.gateway.new_tenant("elsewhere").await;
        for owner in [&house.alpha.owner, &elsewhere] {
            let client = Client::connect(owner, "okta").await;
            client.post("/Users", json!({"userName": "ada", "externalId": "1"})).await.expect(201);
        }
        // In the tenant a name is one person's, whichever connection asks.
        let other = Client::connect(&house.alpha.owner, "entra").await;
        other.post("/Users", json!({"userName": "ADA"})).await.scim_refused(409, Some("uniqueness"));
        other.post("/Users", json!({"userName": "other", "externalId": "1"})).await.expect(201);
    }

    async fn nobody_gets_in_without_a_key_of_a_connection(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let user = client.user("ada").await;
        let nobody = house.gateway.anonymous();
        let owner = house.alpha.owner.clone();
        let bearer = owner.with_bearer(owner.key());
        for caller in [nobody.clone(), owner.clone(), bearer, nobody.with_bearer("psc_x_y")] {
            for (method, path) in [
                (Method::GET, "/Users".to_owned()),
                (Method::POST, "/Users".to_owned()),
                (Method::POST, "/Users/.search".to_owned()),
                (Method::GET, format!("/Users/{}", id(&user))),
                (Method::PUT, format!("/Users/{}", id(&user))),
                (Method::PATCH, format!("/Users/{}", id(&user))),
                (Method::DELETE, format!("/Users/{}", id(&user))),
                (Method::GET, "/Schemas".to_owned()),
                (Method::GET, "/ResourceTypes".to_owned()),
                (Method::GET, "/Me".to_owned()),
            ] {
                let reply = send(caller.request(method, &format!("/scim/v2{path}"))).await;
                assert!(reply.header("www-authenticate").starts_with("Bearer"), "{reply}");
                reply.scim_refused(401, None);
            }
        }
        // What the service can do is public; and the key of a connection opens nothing else.
        nobody.get("/scim/v2/ServiceProviderConfig").await.expect(200);
        client.caller.with_tenant(&house.alpha.id).get("/v1/users").await.refused(401, "unauthenticated");
        let other = client.caller.with_tenant(&house.twin.id);
        other.get("/scim/v2/Users").await.scim_refused(403, None);
    }

    async fn abuse_29_keys_rotate_and_a_revoked_one_is_refused_at_once(house: House) {
        let owner = &house.alpha.owner;
        let first = Client::connect(owner, "okta").await;
        let second = Client::of(owner, &first.provider).await;
        let user = first.user("ada").await;
        second.get(&format!("/Users/{}", id(&user))).await.expect(200);
        let keys = format!("/v1/identity-providers/{}/keys", first.provider);
        let listed = owner.all(&keys).await;
        assert_eq!(listed.len(), 2);
        assert!(listed[0].get("secret").is_none());
        owner.delete(&format!("{keys}/{}", listed[0]["id"].as_str().expect("an id"))).await.expect(204);
        first.get("/Users").await.scim_refused(401, None);
        second.get("/Users").await.expect(200);
    }

    async fn abuse_38_keys_of_a_disabled_provider_are_none_until_it_is_enabled(house: House) {
        let owner = &house.alpha.owner;
        let client = Client::connect(owner, "okta").await;
        client.user("ada").await;
        let provider = format!("/v1/identity-providers/{}", client.provider);
        owner.patch(&provider, json!({"enabled": false})).await.expect(200);
        for path in ["/Users", "/Groups", "/Schemas", "/Users?filter=userName%20eq%20%22ada%22"] {
            client.get(path).await.scim_refused(401, None);
        }
        client.post("/Users", json!({"userName": "bob"})).await.scim_refused(401, None);
        client.post("/Bulk", json!({"Operations": []})).await.scim_refused(401, None);
        owner.patch(&provider, json!({"enabled": true})).await.expect(200);
        assert_eq!(client.get("/Users").await.expect(200).json()["totalResults"], 1);
    }

    async fn abuse_41_what_an_admin_took_away_waits_in_the_queue_and_is_not_provisioned_again(house: House) {
        let owner = &house.alpha.owner;
        let client = Client::connect(owner, "entra").await;
        let body = json!({"userName": "ada", "externalId": "00u1", "emails": [{"value": "Ada@scim.test"}]});
        let ada = id(&client.post("/Users", body.clone()).await.expect(201).json());
        let links = owner.all(&format!("/v1/users/{ada}/identities")).await;
        let account = format!("/v1/identities/{}", links[0]["id"].as_str().expect("an id"));
        owner.post(&format!("{account}/unlink"), json!({})).await.refused(409, "managed_by_scim");
        owner.post(&format!("{account}/unlink?force=true"), json!({})).await.expect(200);
        let waiting = owner.all("/v1/identities?linked=false&external_email=ada@scim.test").await;
        assert_eq!(waiting.len(), 1);
        assert_eq!((&waiting[0]["external_id"], &waiting[0]["why"]["code"], &waiting[0]["user_id"]), (&json!("00u1"), &json!("returned"), &json!(null)));
        client.get(&format!("/Users/{ada}")).await.scim_refused(404, None);
        assert_eq!(client.filter("/Users", "externalId eq \"00u1\"").await["totalResults"], 0);
        let again = json!({"userName": "ada.l", "externalId": "00u1"});
        let refused = client.post("/Users", again.clone()).await.scim_refused(409, Some("uniqueness"));
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("externalId")), "{refused}");
        // The document is gone, so there is no way back but a new user.
        owner.post(&format!("{account}/undo"), json!({})).await.refused(409, "nothing_to_undo");
        owner.post(&format!("{account}/reject"), json!({})).await.expect(200);
        client.post("/Users", again).await.scim_refused(409, Some("uniqueness"));
        owner.post(&format!("{account}/undo"), json!({})).await.expect(200);
        let history = owner.all(&format!("{account}/history")).await;
        let told: Vec<_> = history.iter().map(|one| (&one["event"], &one["user_id"], &one["linked_by"], &one["actor"]["type"])).collect();
        let (user, scim) = (json!(ada), json!("scim"));
        assert_eq!(told, [
            (&json!("linked"), &user, &scim, &json!("ScimClient")),
            (&json!("unlinked"), &user, &scim, &json!("ApiKey")),
            (&json!("rejected"), &json!(null), &scim, &json!("ApiKey")),
            (&json!("queued"), &json!(null), &scim, &json!("ApiKey")),
        ]);
        let events = owner.all("/v1/audit-events?action=external_identity:unlink").await;
        assert!(events.iter().any(|event| event["details"]["forced"] == true && event["details"]["user_id"] == user), "{events:?}");
        owner.delete(&account).await.expect(204);
        // The identity stays, and its names are taken as long as it does.
        let refused = client.post("/Users", body.clone()).await.scim_refused(409, Some("uniqueness"));
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("userName")), "{refused}");
        owner.get(&format!("/v1/users/{ada}")).await.expect(200);
        owner.delete(&format!("/admin/identities/{ada}")).await.expect(204);
        let new = id(&client.post("/Users", body).await.expect(201).json());
        assert_ne!(new, ada);
    }

    async fn scopes_and_policies_bound_what_a_client_may(house: House) {
        let owner = &house.alpha.owner;
        let client = Client::connect(owner, "okta").await;
        let user = client.user("ada").await;
        let reading = json!({"name": "reads", "scopes": ["users:read"]});
        let keys = format!("/v1/identity-providers/{}/keys", client.provider);
        let secret = owner.post(&keys, reading).await.expect(201).text("/secret");
        let reader = Client { caller: owner.with_bearer(&secret), ..client.clone() };
        reader.get("/Users").await.expect(200);
        for id in [id(&user), "0190f3c0-0000-7000-8000-00000000000a".to_owned()] {
            reader.delete(&format!("/Users/{id}")).await.scim_refused(403, None);
        }
        let policy = format!(
            "@notice(\"deletions go by the help desk\") forbid (principal == Palisade::ScimClient::\"{}\", action == Palisade::Action::\"scim_user:delete\", resource);",
            client.provider
        );
        owner.put("/v1/policies/no-deletes", json!({"policy": policy})).await.expect(201);
        let refused = client.delete(&format!("/Users/{}", id(&user))).await.scim_refused(403, None);
        let own = &refused["urn:palisade:scim:api:messages:2.0:Error"];
        assert_eq!(own["notices"], json!(["deletions go by the help desk"]));
        assert_eq!(own["code"], "forbidden");
    }
}

//! One user's life.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, ENTERPRISE, Refused as _, USER, id};
use crate::client::send;

fn full() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "Grace@Example.test",
        "externalId": "ext-7",
        "displayName": "Grace Hopper",
        "name": {"givenName": "Grace", "familyName": "Hopper", "honorificPrefix": "Dr."},
        "title": "Rear admiral",
        "emails": [{"value": "Grace@Example.test", "type": "work", "primary": true}, {"value": "g@home.test", "type": "home"}],
        "phoneNumbers": [{"value": "+1 (555) 0100", "type": "mobile"}],
        "active": true,
        "password": "correct horse battery staple",
        ENTERPRISE: {"employeeNumber": "701984", "department": "Compilers"}
    })
}

on_both_databases! {
    async fn a_user_is_created_read_replaced_patched_and_deleted(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let created = client.post("/Users", full()).await;
        let (etag, place) = (created.header("etag").to_owned(), created.header("location").to_owned());
        let kind = created.header("content-type").to_owned();
        let created = created.expect(201).json();
        assert_eq!(kind, "application/scim+json; charset=utf-8");
        assert_eq!(created["meta"]["version"], etag);
        assert_eq!(created["meta"]["location"], place);
        assert_eq!(created["meta"]["resourceType"], "User");
        let id = id(&created);
        assert!(place.ends_with(&format!("/scim/v2/Users/{id}")), "{place}");
        // What was sent is given back as it came, but for the password.
        let mut sent = full();
        sent.as_object_mut().expect("an object").remove("password");
        for (name, value) in sent.as_object().expect("an object") {
            assert_eq!(&created[name], value, "{name}");
        }
        assert!(created.get("password").is_none());

        let path = format!("/Users/{id}");
        let read = client.get(&path).await.expect(200).json();
        assert_eq!(read, created);
        let again = client.request(Method::GET, &path).header("if-none-match", &etag);
        send(again).await.expect(304);

        let mut next = full();
        next["title"] = json!("Commodore");
        next.as_object_mut().expect("an object").remove("phoneNumbers");
        let stale = client.request(Method::PUT, &path).header("if-match", "W/\"99\"").body(next.to_string());
        send(stale).await.scim_refused(412, None);
        let replaced = client.put(&path, next.clone()).await.expect(200).json();
        assert_eq!(replaced["title"], "Commodore");
        assert!(replaced.get("phoneNumbers").is_none());
        assert_ne!(replaced["meta"]["version"], etag);
        // The same once more is no change.
        next["password"] = Value::Null;
        let same = client.put(&path, next).await.expect(200).json();
        assert_eq!(same["meta"], replaced["meta"]);

        let patched = client.patch(&path, json!([{"op": "replace", "path": "title", "value": "Admiral"}])).await.expect(200).json();
        assert_eq!(patched["title"], "Admiral");
        client.delete(&path).await.expect(204);
        client.get(&path).await.scim_refused(404, None);
        client.delete(&path).await.scim_refused(404, None);
        client.put(&path, full()).await.scim_refused(404, None);
    }

    async fn a_user_is_an_identity_with_a_link_of_the_connection(house: House) {
        let (owner, client) = (&house.alpha.owner, Client::connect(&house.alpha.owner, "entra").await);
        let user = client.post("/Users", full()).await.expect(201).json();
        let identity = owner.get(&format!("/admin/identities/{}", id(&user))).await.expect(200).json();
        assert_eq!(identity["schema_id"], "scim");
        assert_eq!(
            identity["traits"],
            json!({"username": "Grace@Example.test", "email": "Grace@Example.test", "name": {"first": "Grace", "last": "Hopper"},
                "phone": "+1 (555) 0100"})
        );
        let links = owner.all(&format!("/v1/users/{}/identities", id(&user))).await;
        assert_eq!(links.len(), 1);
        assert_eq!(links[0]["linked_by"], "scim");
        assert_eq!(links[0]["external_id"], "ext-7");
        assert_eq!(links[0]["provider_name"], "entra");
        assert!(links[0]["last_synced_at"].is_string());
        // The password opens.
        let check = json!({"password": "correct horse battery staple"});
        let path = format!("/v1/users/{}/verify-password", id(&user));
        let checked = owner.post(&path, check).await.expect(200).json();
        assert_eq!(checked["verified"], true, "{checked}");
        // Who changes what, the trail tells.
        let events = owner.all("/v1/audit-events?action=scim_user:create").await;
        assert_eq!(events[0]["actor"]["type"], "ScimClient");
        assert_eq!(events[0]["actor"]["name"], "entra/first");
        let renamed = json!([{"op": "replace", "value": {"externalId": "ext-8"}}]);
        client.patch(&format!("/Users/{}", id(&user)), renamed).await.expect(200);
        let links = owner.all(&format!("/v1/users/{}/identities", id(&user))).await;
        assert_eq!(links[0]["external_id"], "ext-8");
    }

    async fn abuse_42_a_user_who_is_disabled_in_any_spelling_or_deleted_loses_sessions(house: House) {
        let (owner, client) = (&house.alpha.owner, Client::connect(&house.alpha.owner, "entra").await);
        let ways = [
            json!([{"op": "replace", "path": "active", "value": false}]),
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
            json!([{"op": "Add", "path": "active", "value": "False"}]),
            json!([{"op": "replace", "value": {"active": false}}]),
            json!([{"op": "replace", "value": {"ACTIVE": "false"}}]),
        ];
        for (number, way) in ways.into_iter().enumerate() {
            let user = client.user(&format!("u{number}")).await;
            let session = owner.post(&format!("/v1/users/{}/sessions", id(&user)), json!({})).await.expect(201).json();
            let token = session["token"].as_str().expect("a token");
            let whoami = house.gateway.anonymous().with_bearer(token);
            whoami.get("/sessions/whoami").await.expect(200);
            let path = format!("/Users/{}", id(&user));
            let patched = client.patch(&path, way).await.expect(200).json();
            assert_eq!(patched["active"], false);
            whoami.get("/sessions/whoami").await.refused(401, "session_inactive");
            // Still there, by id and by filter, and restored by `active` of true.
            assert_eq!(client.get(&path).await.expect(200).json()["active"], false);
            let found = client.filter("/Users", &format!("userName eq \"u{number}\"")).await;
            assert_eq!(found["totalResults"], 1);
            let restored = client.patch(&path, json!([{"op": "Replace", "path": "active", "value": "True"}])).await.expect(200).json();
            assert_eq!(restored["active"], true);
        }
        let user = client.user("deleted").await;
        let session = owner.post(&format!("/v1/users/{}/sessions", id(&user)), json!({})).await.expect(201).json();
        let token = session["token"].as_str().expect("a token");
        client.delete(&format!("/Users/{}", id(&user))).await.expect(204);
        house.gateway.anonymous().with_bearer(token).get("/sessions/whoami").await.refused(401, "session_inactive");
        owner.get(&format!("/admin/identities/{}", id(&user))).await.expect(404);
    }

    async fn abuse_43_a_put_without_active_does_not_disable(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let user = client.user("ada").await;
        let path = format!("/Users/{}", id(&user));
        let put = client.put(&path, json!({"userName": "ada", "nickName": "A"})).await.expect(200).json();
        assert_eq!(put["active"], true);
        client.patch(&path, json!([{"op": "remove", "path": "emails[type eq"}])).await.scim_refused(400, Some("invalidPath"));
    }

    async fn what_an_admin_disables_is_disabled_to_the_client(house: House) {
        let (owner, client) = (&house.alpha.owner, Client::connect(&house.alpha.owner, "okta").await);
        let user = client.user("ada").await;
        let state = json!([{"op": "replace", "path": "/state", "value": "inactive"}]);
        owner.patch(&format!("/admin/identities/{}", id(&user)), state).await.expect(200);
        let read = client.get(&format!("/Users/{}", id(&user))).await.expect(200).json();
        assert_eq!(read["active"], false);
        assert_ne!(read["meta"]["version"], user["meta"]["version"]);
        assert_eq!(client.filter("/Users", "active eq false").await["totalResults"], 1);
        assert_eq!(client.filter("/Users", "active eq true").await["totalResults"], 0);
    }

    async fn only_true_enables_and_whom_an_admin_disabled_no_client_does(house: House) {
        let (owner, client) = (&house.alpha.owner, Client::connect(&house.alpha.owner, "okta").await);
        let user = client.user("ada").await;
        let path = format!("/Users/{}", id(&user));
        let admin = format!("/admin/identities/{}", id(&user));
        let set = async |state: &str| {
            let patch = json!([{"op": "replace", "path": "/state", "value": state}]);
            owner.patch(&admin, patch).await.expect(200);
        };
        let state = async || owner.get(&admin).await.expect(200).text("/state");
        let silent = [
            json!([{"op": "remove", "path": "active"}]),
            json!([{"op": "replace", "path": "active", "value": ""}]),
            json!([{"op": "replace", "path": "active", "value": null}]),
            json!([{"op": "replace", "path": "title", "value": "T"}]),
        ];
        let loud = json!([{"op": "replace", "path": "active", "value": true}]);
        let off = json!([{"op": "replace", "path": "active", "value": false}]);
        // Disabled by the client: what says nothing changes nothing, and what says `true` enables.
        client.patch(&path, off.clone()).await.expect(200);
        for way in silent.clone() {
            assert_ne!(client.patch(&path, way).await.expect(200).json()["active"], true);
            assert_eq!(state().await, "inactive");
        }
        for filter in ["active eq true", "active eq false", "active pr", "active eq true and title pr", "active eq false and title pr"] {
            assert_eq!(client.filter("/Users", filter).await["totalResults"], 0, "{filter}");
        }
        client.patch(&path, loud.clone()).await.expect(200);
        assert_eq!(state().await, "active");
        client.patch(&path, off.clone()).await.expect(200);
        client.put(&path, json!({"userName": "ada", "active": true})).await.expect(200);
        assert_eq!(state().await, "active");
        // Disabled by an admin: it stays, and the client is told.
        set("inactive").await;
        for way in silent.into_iter().chain([loud.clone()]) {
            assert_eq!(client.patch(&path, way).await.expect(200).json()["active"], false);
        }
        for body in [json!({"userName": "ada", "title": "T"}), json!({"userName": "ada", "active": true})] {
            let put = client.put(&path, body).await.expect(200).json();
            assert_eq!(put["active"], false);
        }
        client.patch(&path, off.clone()).await.expect(200);
        client.patch(&path, loud.clone()).await.expect(200);
        assert_eq!(state().await, "inactive");
        // The same message once more is no change.
        let before = client.get(&path).await.expect(200).json();
        assert_eq!(client.patch(&path, loud.clone()).await.expect(200).json()["meta"], before["meta"]);
        // Also where the client had disabled it before.
        set("active").await;
        client.patch(&path, off).await.expect(200);
        set("active").await;
        set("inactive").await;
        client.patch(&path, loud).await.expect(200);
        assert_eq!(state().await, "inactive");
        set("active").await;
        assert_eq!(client.get(&path).await.expect(200).json()["active"], true);
    }

    async fn fifty_changes_of_one_user_at_once_are_all_done(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let user = client.user("ada").await;
        let path = format!("/Users/{}", id(&user));
        let changes = (0..50).map(|number| {
            let change = json!([{"op": "add", "path": "emails", "value": [{"value": format!("a{number}@x.test"), "type": "other"}]}]);
            client.patch(&path, change)
        });
        for reply in futures_util::future::join_all(changes).await {
            reply.expect(200);
        }
        let after = client.get(&path).await.expect(200).json();
        assert_eq!(after["emails"].as_array().map(Vec::len), Some(50));
        assert_eq!(after["meta"]["version"], "W/\"51\"");
    }

    async fn abuse_50_a_user_does_not_grow_without_bound(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let user = client.user("ada").await;
        let path = format!("/Users/{}", id(&user));
        let mut refused = false;
        for number in 0..8 {
            let texts = (0..4).map(|part| json!({"type": format!("{number}.{part}"), "formatted": "x".repeat(12_000)}));
            let more = json!([{"op": "add", "path": "addresses", "value": texts.collect::<Vec<_>>()}]);
            let reply = client.patch(&path, more).await;
            if reply.status == 413 {
                reply.scim_refused(413, None);
                refused = true;
                break;
            }
            reply.expect(200);
        }
        assert!(refused);
        let size = client.get(&path).await.expect(200).json().to_string().len();
        assert!(size < 300_000, "{size}");
    }

    async fn a_name_with_spaces_around_it_is_refused_by_name(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        for name in [" ada", "ada "] {
            let said = client.post("/Users", json!({"userName": name})).await.scim_refused(400, Some("invalidValue"));
            assert!(said["detail"].as_str().is_some_and(|detail| detail.contains("`userName`")));
        }
    }

    async fn a_taken_value_is_named_as_the_client_calls_it(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        client.post("/Users", full()).await.expect(201);
        for (body, name) in [
            (json!({"userName": "GRACE@example.TEST"}), "`userName`"),
            (json!({"userName": "other", "externalId": "ext-7"}), "`externalId`"),
            (json!({"userName": "other", "emails": [{"value": "grace@example.test"}]}), "`emails.value`"),
        ] {
            let said = client.post("/Users", body).await.scim_refused(409, Some("uniqueness"));
            assert!(said["detail"].as_str().is_some_and(|detail| detail.contains(name)), "{said}");
        }
    }

    async fn abuse_40_a_post_with_a_local_identitys_address_adopts_nobody(house: House) {
        let (owner, client) = (&house.alpha.owner, Client::connect(&house.alpha.owner, "okta").await);
        let before = owner.get(&format!("/admin/identities/{}", house.alpha.ada)).await.expect(200).json();
        let posted = json!({"userName": "mallory", "emails": [{"value": "ada@example.test", "primary": true}]});
        client.post("/Users", posted.clone()).await.scim_refused(409, Some("uniqueness"));
        // Nor where the rules trust the provider for the domain: they are for those who sign in.
        let rules = json!({"mode": "auto", "match": ["email"], "trusted_email_domains": ["example.test"], "create_missing": true});
        owner.patch(&format!("/v1/identity-providers/{}", client.provider), json!({"linking": rules})).await.expect(200);
        client.post("/Users", posted).await.scim_refused(409, Some("uniqueness"));
        assert!(owner.all("/v1/identities?linked=false").await.is_empty());
        let after = owner.get(&format!("/admin/identities/{}", house.alpha.ada)).await.expect(200).json();
        assert_eq!(after, before);
        assert_eq!(client.get("/Users").await.expect(200).json()["totalResults"], 0);
    }

    async fn a_second_post_is_409_in_any_case_and_wipes_nothing(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let user = client.post("/Users", full()).await.expect(201).json();
        let mut twice = json!({"userName": "GRACE@example.TEST"});
        client.post("/Users", twice.clone()).await.scim_refused(409, Some("uniqueness"));
        twice = json!({"userName": "other", "externalId": "ext-7"});
        client.post("/Users", twice).await.scim_refused(409, Some("uniqueness"));
        assert_eq!(client.get(&format!("/Users/{}", id(&user))).await.expect(200).json(), user);
        let other = client.user("other").await;
        let path = format!("/Users/{}", id(&other));
        client.patch(&path, json!([{"op": "replace", "path": "userName", "value": "grace@example.test"}])).await.scim_refused(409, Some("uniqueness"));
        client.put(&path, json!({"userName": "grace@example.test"})).await.scim_refused(409, Some("uniqueness"));
    }

    async fn bodies_that_are_none_are_refused_by_name(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let send_text = async |text: &'static str, kind: Option<&'static str>| {
            let mut request = client.request(Method::POST, "/Users").body(text);
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            send(request).await
        };
        send_text("{", None).await.scim_refused(400, Some("invalidSyntax"));
        send_text("[]", None).await.scim_refused(400, Some("invalidSyntax"));
        send_text("{}", None).await.scim_refused(400, Some("invalidValue"));
        send_text("{\"userName\": \"a\"}", Some("text/plain")).await.scim_refused(415, None);
        send_text("{\"userName\": \"a\"}", Some("application/json; charset=utf-8")).await.expect(201);
        send_text("{\"userName\": \"b\"}", None).await.expect(201);
        let long = json!({"userName": "x".repeat(256)});
        client.post("/Users", long).await.scim_refused(400, Some("invalidValue"));
        client.get("/Nothing").await.scim_refused(404, None);
        let wrong = send(client.request(Method::PATCH, "/Users")).await;
        assert!(wrong.header("allow").contains("POST"));
        wrong.scim_refused(405, None);
        client.get("/Users/").await.expect(200);
        client.get("/Me").await.scim_refused(404, None);
    }
}

//! `PATCH /admin/identities`: many creations and deletions at once.

use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply},
    database::random_id,
};

const ARGON2: &str = "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg";

async fn send(owner: &Caller, items: Value) -> Reply {
    owner
        .patch("/admin/identities", json!({ "identities": items }))
        .await
}

async fn done(owner: &Caller, items: Value) -> Vec<Value> {
    let reply = send(owner, items).await.expect(200).json();
    reply["identities"].as_array().expect("a list").clone()
}

fn create(email: &str) -> Value {
    json!({"create": {"traits": {"email": email}}})
}

async fn count(owner: &Caller) -> usize {
    let list = owner
        .get("/admin/identities?page_size=500")
        .await
        .expect(200)
        .json();
    list.as_array().expect("a list").len()
}

on_both_databases! {
    async fn batch_answers_each_item_in_its_place_and_the_first_of_two_wins(house: House) {
        let (owner, patch_id) = (&house.alpha.owner, random_id());
        let items = json!([
            {"create": {"schema_id": "default", "traits": {"email": "eve@example.test"}, "external_id": "eve",
                "metadata_public": {"a": 1}, "credentials": {"password": {"config": {"hashed_password": ARGON2}}}},
                "patch_id": patch_id},
            {"create": null},
            {"create": {"traits": {"email": "ada@example.test"}}, "patch_id": patch_id},
            {"create": {"schema_id": "customer", "traits": {"nick": 7}}},
            {"create": {"schema_id": "missing", "traits": {}}},
            {"create": {"traits": {"email": "EVE@example.test"}}},
            {"delete": house.alpha.bob},
            {"delete": house.alpha.bob},
            {},
        ]);
        let answers = done(owner, items).await;
        assert_eq!(answers.len(), 9);
        let eve = answers[0]["identity"].as_str().expect("an id");
        assert_eq!(answers[0], json!({"action": "create", "identity": eve, "patch_id": patch_id}));
        assert!(answers[1].is_null() && answers[8].is_null());
        let error = |place: usize, code: u16, status: &str| {
            let answer = &answers[place];
            assert_eq!(answer["action"], "error", "{answer}");
            assert_eq!(answer.get("identity"), None);
            assert_eq!((&answer["error"]["code"], &answer["error"]["status"]), (&json!(code), &json!(status)), "{answer}");
            assert!(answer["error"]["reason"].is_string() && answer["error"]["message"].is_string(), "{answer}");
            answer.clone()
        };
        let taken = error(2, 409, "Conflict");
        assert_eq!(taken["patch_id"], patch_id);
        assert!(!taken.to_string().contains(&house.alpha.ada), "never whose it is");
        assert_eq!(error(3, 400, "Bad Request")["error"]["details"]["field"], "traits.nick");
        assert_eq!(error(4, 400, "Bad Request")["error"]["details"]["field"], "schema_id");
        assert_eq!(error(5, 409, "Conflict")["error"]["details"]["conflicts"][0]["field"], "credentials.code.identifiers");
        assert_eq!(answers[6], json!({"action": "delete", "identity": house.alpha.bob}));
        assert_eq!(error(7, 404, "Not Found").get("patch_id"), None);

        let made = owner.get(&format!("/admin/identities/{eve}?include_credential=password")).await.expect(200).json();
        assert_eq!(made["credentials"]["password"]["config"]["hashed_password"], ARGON2);
        assert_eq!((&made["external_id"], &made["metadata_public"]), (&json!("eve"), &json!({"a": 1})));
        owner.get(&format!("/admin/identities/{}", house.alpha.bob)).await.expect(404);
        let trail = owner.all("/v1/audit-events").await;
        let of = |id: &str| trail.iter().filter(|event| event["resource"]["id"] == id).map(|event| event["action"].clone()).collect::<Vec<_>>();
        assert!(of(eve).contains(&json!("identity:create")), "{:?}", of(eve));
        assert!(of(&house.alpha.bob).contains(&json!("identity:delete")));
    }

    async fn batch_is_200_even_if_every_item_failed_and_for_an_empty_list(house: House) {
        let answers = done(&house.alpha.owner, json!([create("ada@example.test"), {"delete": random_id()}])).await;
        assert!(answers.iter().all(|answer| answer["action"] == "error"), "{answers:?}");
        assert_eq!(done(&house.alpha.owner, json!([])).await, Vec::<Value>::new());
    }

    async fn abuse_08_a_batch_that_names_another_tenants_identity_gets_404_for_that_item(house: House) {
        let answers = done(&house.alpha.owner, json!([
            create("one@example.test"), create("two@example.test"), {"delete": house.twin.ada},
            create("three@example.test"), {"delete": random_id()},
        ])).await;
        let actions: Vec<_> = answers.iter().map(|answer| answer["action"].as_str().expect("a word")).collect();
        assert_eq!(actions, ["create", "create", "error", "create", "error"]);
        assert_eq!(answers[2]["error"], answers[4]["error"], "as for an id that was never given");
        assert_eq!(answers[2]["error"]["code"], 404);
    }

    async fn batch_import_errors_and_unknown_fields_abort_all_of_it(house: House) {
        let owner = &house.alpha.owner;
        let before = count(owner).await;
        let with = |credentials: Value| json!({"create": {"traits": {"email": "x@example.test"}, "credentials": credentials}});
        for (item, field) in [
            (with(json!({"password": {"config": {"hashed_password": "plain"}}})), "hashed_password"),
            (with(json!({"password": {"config": {}}})), "hashed_password"),
            (with(json!({"oidc": {"config": {"providers": [{"provider": "a:b", "subject": "s"}]}}})), "provider"),
            (json!({"create": {"state": "gone"}}), "identities.1.create.state"),
            (json!({"create": {"region": "mars"}}), "identities.1.create.region"),
            (json!({"create": {"traits": {}, "id": random_id()}}), "identities.1.create.id"),
            (json!({"create": {}, "patch_id": "x"}), "identities.1.patch_id"),
            (json!({"delete": "x"}), "identities.1.delete"),
            (json!({"delete": random_id(), "create": {}}), "identities.1.delete"),
            (json!({"remove": random_id()}), "identities.1.remove"),
            (json!("create"), "identities.1"),
        ] {
            let reply = send(owner, json!([create("first@example.test"), item])).await.expect(400);
            let body = reply.json();
            let named = body["details"]["field"].as_str().expect("a field");
            assert!(named.contains(field), "{field}: {reply}");
            assert_eq!(body["error"]["code"], 400);
        }
        for body in [json!({"identities": {}}), json!({"identity": []}), json!([])] {
            owner.patch("/admin/identities", body).await.expect(400);
        }
        let unread = owner.request(reqwest::Method::PATCH, "/admin/identities").body("{\"identities\": [");
        let unread = crate::client::send(unread).await.refused(400, "invalid_json");
        assert_eq!(unread["error"]["code"], 400, "not Ory's 500");
        assert_eq!(count(owner).await, before, "nothing was made");
    }

    async fn batch_of_more_than_1000_or_200_plain_passwords_is_refused(house: House) {
        let owner = &house.alpha.owner;
        let too_many = vec![json!({"create": null}); 1_001];
        let refused = send(owner, json!(too_many)).await.refused(400, "invalid_request");
        assert_eq!(
            refused["error"]["reason"],
            "The maximum number of identities per request that can be created or deleted at once is 1000."
        );
        let plain = json!({"create": {"traits": {}, "credentials": {"password": {"config": {"password": "p"}}}}});
        let refused = send(owner, json!(vec![plain; 201])).await.refused(400, "invalid_request");
        assert!(
            refused["error"]["reason"].as_str().expect("a reason").ends_with("with a plaintext password is 200."),
            "{refused}"
        );
    }

    async fn batch_of_a_thousand_is_made_and_deleted(house: House) {
        let owner = &house.alpha.owner;
        let items: Vec<Value> = (0..1_000).map(|number| create(&format!("n{number}@example.test"))).collect();
        let answers = done(owner, json!(items)).await;
        assert!(answers.iter().all(|answer| answer["action"] == "create"));
        let mut ids: Vec<&str> = answers.iter().map(|answer| answer["identity"].as_str().expect("an id")).collect();
        let found = owner.get("/admin/identities?credentials_identifier=n777@example.test").await.expect(200).json();
        assert_eq!(found[0]["id"], ids[777], "in their order");
        assert!(ids.is_sorted(), "made and listed in one order");
        ids.dedup();
        assert_eq!(ids.len(), 1_000);
        let items: Vec<Value> = ids.iter().map(|id| json!({"delete": id})).collect();
        let answers = done(owner, json!(items)).await;
        assert!(answers.iter().all(|answer| answer["action"] == "delete"));
        assert_eq!(count(owner).await, 2);
    }

    async fn batch_hashes_plain_passwords_before_they_are_kept(house: House) {
        let owner = &house.alpha.owner;
        let answers = done(owner, json!([{"create": {"traits": {"email": "eve@example.test"},
            "credentials": {"password": {"config": {"password": "correct horse battery"}}}}}])).await;
        let eve = answers[0]["identity"].as_str().expect("an id");
        let made = owner.get(&format!("/admin/identities/{eve}?include_credential=password")).await.expect(200);
        let hash = made.text("/credentials/password/config/hashed_password");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
    }

    async fn batch_links_imported_accounts(house: House) {
        let owner = &house.alpha.owner;
        let with = |email: &str, provider: &str, subject: &str| json!({"create": {"traits": {"email": email},
            "credentials": {"oidc": {"config": {"providers": [{"provider": provider, "subject": subject}]}}}}});
        let answers = done(owner, json!([
            with("one@example.test", "corp", "sub-one"),
            with("two@example.test", "github", "sub-two"),
            with("three@example.test", "corp", "sub-ada"),
            with("four@example.test", "github", "sub-two"),
        ])).await;
        let actions: Vec<_> = answers.iter().map(|answer| answer["action"].as_str().expect("a word")).collect();
        assert_eq!(actions, ["create", "create", "error", "error"], "{answers:?}");
        for (place, subject) in [(0, "sub-one"), (1, "sub-two")] {
            let id = answers[place]["identity"].as_str().expect("an id");
            let links = owner.all(&format!("/v1/users/{id}/identities")).await;
            assert_eq!((links.len(), &links[0]["external_id"]), (1, &json!(subject)));
        }
    }

    async fn batch_decides_on_creating_and_deleting_apart(house: House) {
        let alpha = &house.alpha;
        let editor = alpha.caller("editor").await;
        let mixed = json!([create("eve@example.test"), {"delete": alpha.bob}, {"delete": random_id()}]);
        let forbid = |action: &str, scope: &str| json!({"policy": format!(
            r#"@id("no") @notice("not here") forbid(principal in Palisade::Role::"editor", action == Palisade::Action::"{action}", resource){scope};"#
        )});
        alpha.owner.put("/v1/policies/no", forbid("identity:delete", r#" when { resource.schema_id == "default" }"#)).await.expect(201);
        let answers = done(&editor, mixed.clone()).await;
        assert_eq!(answers[0]["action"], "create");
        assert_eq!((&answers[1]["error"]["code"], &answers[1]["error"]["notices"]), (&json!(403), &json!(["not here"])), "{answers:?}");
        assert_eq!(answers[2]["error"]["code"], 404, "what is not there has no schema");
        alpha.owner.get(&format!("/admin/identities/{}", alpha.bob)).await.expect(200);

        alpha.owner.put("/v1/policies/no", forbid("identity:create", "")).await.expect(200);
        let answers = done(&editor, mixed.clone()).await;
        assert_eq!(answers[0]["error"]["code"], 403, "{answers:?}");
        assert_eq!(answers[1]["action"], "delete");

        alpha.owner.put("/v1/policies/no", forbid("identity:batch", "")).await.expect(200);
        send(&editor, mixed).await.refused(403, "forbidden");
    }

    async fn what_a_batch_is_refused_is_one_row_of_the_audit_trail_for_each_action(house: House) {
        let alpha = &house.alpha;
        let editor = alpha.caller("editor").await;
        let policy = json!({"policy": r#"forbid(principal in Palisade::Role::"editor", action == Palisade::Action::"identity:delete", resource);"#});
        alpha.owner.put("/v1/policies/no", policy).await.expect(201);
        let items = json!([{"delete": alpha.bob}, {"delete": alpha.ada}, {"delete": random_id()}]);
        let reply = send(&editor, items).await.expect(200);
        let request = reply.header("x-request-id");
        let start = std::time::Instant::now();
        let events = loop {
            let events = alpha.owner.all("/v1/audit-events?action=identity:delete&decision=deny").await;
            if !events.is_empty() {
                break events;
            }
            assert!(start.elapsed().as_secs() < 10, "refusals are written down shortly after");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((&events[0]["request_id"], &events[0]["details"]), (&json!(request), &json!({"count": 3})));
        assert_eq!(events[0]["resource"]["id"], json!(alpha.bob));
    }

    async fn schemas_that_are_not_there_are_each_items_own_error(house: House) {
        let owner = &house.alpha.owner;
        let item = |schema: &str| json!({"create": {"schema_id": schema, "traits": {"nick": "x"}}});
        let mut items: Vec<Value> = (0..990).map(|number| item(&format!("none-{number}"))).collect();
        items.push(item("nul\u{0}"));
        items.push(item("customer"));
        let answers = done(owner, json!(items)).await;
        for answer in &answers[..991] {
            assert_eq!(answer["error"]["code"], 400, "{answer}");
        }
        assert_eq!(answers[991]["action"], "create");
        let alone = owner.post("/admin/identities", item("nul\u{0}")["create"].clone()).await;
        alone.refused(400, "schema_violation");
    }
}

on_both_databases! {
    async fn batch_error_items_have_no_identity_and_patch_id_only_where_it_was_sent(house: House) {
        let patch_id = random_id();
        let answers = done(&house.alpha.owner, json!([
            {"create": {"traits": {"email": "ada@example.test"}}},
            {"create": {"traits": {"email": "ada@example.test"}}, "patch_id": patch_id},
            {"create": {"traits": {"email": "eve@example.test"}}},
        ])).await;
        for answer in &answers[..2] {
            assert_eq!((&answer["action"], answer.get("identity")), (&json!("error"), None));
            for name in ["code", "status", "message"] {
                assert!(!answer["error"][name].is_null(), "{name}: {answer}");
            }
        }
        assert_eq!((answers[0].get("patch_id"), &answers[1]["patch_id"]), (None, &json!(patch_id)));
        assert_eq!((&answers[2]["action"], answers[2].get("patch_id"), answers[2].get("error")), (&json!("create"), None, None));
    }

    async fn batch_with_a_passkey_without_a_user_handle_aborts_all_of_it(house: House) {
        let owner = &house.alpha.owner;
        let before = count(owner).await;
        let passkey = json!({"passkey": {"config": {"credentials": [{"id": "Yw==", "public_key": "cGs="}]}}});
        let items = json!([create("one@example.test"), {"create": {"traits": {"email": "two@example.test"}, "credentials": passkey}}]);
        let refused = send(owner, items).await.refused(400, "invalid_request");
        let reason = refused["error"]["reason"].as_str().expect("a reason");
        assert!(reason.contains("Passkey credential import requires a non-empty user_handle."), "{reason}");
        assert_eq!(count(owner).await, before, "nothing was made");
    }

    async fn batch_of_exactly_200_plain_passwords_is_taken(house: House) {
        let owner = &house.alpha.owner;
        let item = |number: usize| json!({"create": {"traits": {"email": format!("plain{number}@example.test")},
            "credentials": {"password": {"config": {"password": format!("password {number}")}}}}});
        let answers = done(owner, json!((0..200).map(item).collect::<Vec<_>>())).await;
        assert!(answers.iter().all(|answer| answer["action"] == "create"), "{answers:?}");
        let id = answers[199]["identity"].as_str().expect("an id");
        let verified = owner.post(&format!("/v1/users/{id}/verify-password"), json!({"password": "password 199"})).await;
        assert_eq!(verified.expect(200).json(), json!({"verified": true}));
    }
}

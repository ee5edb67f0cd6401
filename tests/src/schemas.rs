//! `/schemas` and `/v1/schemas`: reading, paging, changing with care, deleting.

use serde_json::{Value, json};

use crate::{client::Reply, house::Tenant};

fn staff(required: &[&str]) -> Value {
    json!({"schema": {"type": "object", "properties": {"traits": {
        "type": "object",
        "properties": {"badge": {"type": "string"}, "desk": {"type": "integer"}},
        "required": required,
    }}}})
}

/// Ten people of the schema `staff`, four of them without a desk.
async fn people(tenant: &Tenant) -> Vec<String> {
    tenant
        .owner
        .put("/v1/schemas/staff", staff(&[]))
        .await
        .expect(201);
    let items: Vec<Value> = (0..10)
        .map(|number| {
            let mut traits = json!({"badge": format!("secret-{number}")});
            if number >= 4 {
                traits["desk"] = json!(number);
            }
            json!({"create": {"schema_id": "staff", "traits": traits}})
        })
        .collect();
    let answers = tenant
        .owner
        .patch("/admin/identities", json!({ "identities": items }))
        .await
        .expect(200)
        .json();
    let id = |answer: &Value| answer["identity"].as_str().expect("an id").to_owned();
    answers["identities"]
        .as_array()
        .expect("a list")
        .iter()
        .map(id)
        .collect()
}

fn ids(reply: &Reply) -> Vec<String> {
    let list = reply.json();
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|schema| schema["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Where the link of this relation leads.
fn link(reply: &Reply, rel: &str) -> Option<String> {
    let suffix = format!("; rel=\"{rel}\"");
    let link = reply
        .header("link")
        .split(',')
        .find_map(|link| link.strip_suffix(&suffix))?;
    Some(
        link.trim_start_matches('<')
            .trim_end_matches('>')
            .to_owned(),
    )
}

on_both_databases! {
    async fn schemas_are_paged_by_token_and_by_number_with_a_total(house: House) {
        let owner = &house.alpha.owner;
        for id in ["a", "b", "c"] {
            owner.put(&format!("/v1/schemas/{id}"), staff(&[])).await.expect(201);
        }
        let all = owner.get("/schemas").await.expect(200);
        assert_eq!(ids(&all), ["a", "b", "c", "customer", "default"]);
        assert_eq!(all.header("x-total-count"), "5");
        let (mut met, mut path) = (Vec::new(), "/schemas?page_size=2".to_owned());
        let mut last = None;
        loop {
            let page = owner.get(&path).await.expect(200);
            assert_eq!(page.header("x-total-count"), "5");
            met.extend(ids(&page));
            last = link(&page, "last").or(last);
            let Some(next) = link(&page, "next") else {
                assert!(link(&page, "first").is_some() && link(&page, "prev").is_some());
                break;
            };
            assert!(next.contains("page_token=") && next.contains("page=") && next.contains("per_page=2"), "{next}");
            path = next;
        }
        assert_eq!(met, ids(&all));
        assert_eq!(ids(&owner.get(&last.expect("a last page")).await.expect(200)), ["default"]);
        assert_eq!(ids(&owner.get("/schemas?page=1&per_page=3").await.expect(200)), ["customer", "default"]);
        assert_eq!(ids(&owner.get("/schemas?page=x&per_page=-3").await.expect(200)), ["a"]);
        assert!(ids(&owner.get("/schemas?page=9").await.expect(200)).is_empty());
        owner.get("/schemas?page_token=x").await.refused(400, "invalid_page_token");
        let (_, token) = path.split_once("page_token=").expect("a token");
        let token = token.split('&').next().expect("a token");
        house.twin.owner.get(&format!("/schemas?page_token={token}")).await.refused(400, "invalid_page_token");
    }

    async fn a_schema_is_created_once_and_deleted_when_nobody_has_it(house: House) {
        let owner = &house.alpha.owner;
        let mut body = staff(&[]);
        body["id"] = json!("our staff");
        let made = owner.post("/v1/schemas", body.clone()).await.expect(201);
        assert_eq!(made.header("location"), "/v1/schemas/our%20staff");
        assert_eq!(made.header("etag"), "\"1\"");
        let again = owner.post("/v1/schemas", body).await.refused(409, "conflict");
        assert_eq!(again["details"]["conflicts"][0]["field"], "id");
        for (body, field) in [
            (json!({"schema": {}}), "id"),
            (json!({"id": "", "schema": {}}), "id"),
            (json!({"id": "x".repeat(256), "schema": {}}), "id"),
            (json!({"id": "x"}), "schema"),
        ] {
            let refused = owner.post("/v1/schemas", body).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], field);
        }
        let identity = json!({"schema_id": "our staff", "traits": {"badge": "7"}});
        let id = owner.post("/admin/identities", identity).await.expect(201).text("/id");
        let used = owner.delete("/v1/schemas/our%20staff").await.refused(409, "in_use");
        assert_eq!(used["details"]["identities"], 1);
        owner.delete(&format!("/admin/identities/{id}")).await.expect(204);
        let stale = owner.request(reqwest::Method::DELETE, "/v1/schemas/our%20staff").header("If-Match", "\"7\"");
        crate::client::send(stale).await.refused(412, "stale_resource");
        owner.delete("/v1/schemas/our%20staff").await.expect(204);
        owner.delete("/v1/schemas/our%20staff").await.refused(404, "not_found");
        owner.get("/v1/schemas/our%20staff").await.refused(404, "not_found");
        let identity = json!({"schema_id": "our staff", "traits": {}});
        owner.post("/admin/identities", identity).await.refused(400, "schema_violation");
        owner.delete("/v1/schemas/default").await.refused(409, "in_use");
        let stale = owner.request(reqwest::Method::DELETE, "/v1/schemas/default").header("If-Match", "\"7\"");
        crate::client::send(stale).await.refused(412, "stale_resource");
    }

    async fn a_stale_change_is_told_so_before_it_is_checked_against_identities(house: House) {
        let owner = &house.alpha.owner;
        people(&house.alpha).await;
        let put = |tag: &str, query: &str, body: Value| {
            let path = format!("/v1/schemas/staff{query}");
            let request = owner.request(reqwest::Method::PUT, &path).header("If-Match", tag);
            crate::client::send(request.json(&body))
        };
        for query in ["", "?dry_run=true", "?force=true"] {
            put("\"7\"", query, staff(&["desk"])).await.refused(412, "stale_resource");
        }
        put("\"1\"", "", staff(&["desk"])).await.refused(409, "breaks_identities");
        put("\"7\"", "", json!({"schema": {"type": 7}})).await.refused(422, "invalid_document");
        put("\"1\"", "?force=true", staff(&["desk"])).await.expect(200);
    }

    async fn a_policy_on_one_schema_counts_however_it_is_written(house: House) {
        let policy = r#"@notice("this one is ours") forbid(principal, action == Palisade::Action::"identity_schema:put",
            resource == Palisade::IdentitySchema::"staff");"#;
        house.alpha.owner.put("/v1/policies/staff", json!({"policy": policy})).await.expect(201);
        let mut body = staff(&[]);
        house.alpha.owner.put("/v1/schemas/staff", body.clone()).await.refused(403, "forbidden");
        body["id"] = json!("staff");
        let refused = house.alpha.owner.post("/v1/schemas", body).await.refused(403, "forbidden");
        assert_eq!(refused["notices"], json!(["this one is ours"]));
    }

    async fn a_change_that_breaks_identities_is_reported_and_refused_unless_forced(house: House) {
        let alpha = &house.alpha;
        let people = people(alpha).await;
        // As many of another tenant's would not fit, and are not counted.
        let other = Tenant::new(house.gateway, "other").await;
        self::people(&other).await;
        let report = alpha.owner.put("/v1/schemas/staff?dry_run=true", staff(&["desk"])).await.expect(200);
        let impact = report.json();
        assert_eq!((&impact["checked"], &impact["failing"], &impact["complete"]), (&json!(10), &json!(4), &json!(true)));
        let sampled: Vec<_> = impact["sample"].as_array().expect("a sample").iter().map(|one| one["id"].as_str().expect("an id")).collect();
        assert_eq!(sampled, people[..4]);
        assert_eq!(impact["sample"][0]["errors"][0]["field"], "traits.desk");
        assert!(!report.body.contains("secret"), "no trait of a person: {report}");
        let stored = alpha.owner.get("/v1/schemas/staff").await.expect(200);
        assert_eq!(stored.header("etag"), "\"1\"", "nothing was written");

        let refused = alpha.owner.put("/v1/schemas/staff", staff(&["desk"])).await.refused(409, "breaks_identities");
        assert_eq!(refused["details"]["impact"], impact);
        let forced = alpha.owner.put("/v1/schemas/staff?force=true", staff(&["desk"])).await.expect(200);
        assert_eq!(forced.header("etag"), "\"2\"");
        let path = format!("/admin/identities/{}", people[0]);
        assert_eq!(alpha.owner.get(&path).await.expect(200).text("/traits/badge"), "secret-0", "they stay as they are");
        let change = json!([{"op": "replace", "path": "/traits/badge", "value": "x"}]);
        alpha.owner.patch(&path, change).await.refused(400, "schema_violation");

        let fits = alpha.owner.put("/v1/schemas/staff?dry_run=true", staff(&[])).await.expect(200).json();
        assert_eq!((&fits["failing"], &fits["sample"]), (&json!(0), &json!([])));
        alpha.owner.put("/v1/schemas/staff", staff(&[])).await.expect(200);
        alpha.owner.put("/v1/schemas/staff?dry_run=maybe", staff(&[])).await.refused(400, "invalid_request");
        let broken = alpha.owner.put("/v1/schemas/staff?dry_run=true", json!({"schema": {"type": 7}})).await;
        broken.refused(422, "invalid_document");
    }

    async fn the_extension_keyword_knows_its_members_and_no_others(house: House) {
        let of = |extension: Value| json!({"schema": {"type": "object", "properties": {"traits": {"type": "object",
            "properties": {"mail": {"type": "string", "ory.sh/kratos": extension}}}}}});
        for (extension, path) in [
            (json!({"credential": {}}), "/credential"),
            (json!({"credentials": {"pasword": {"identifier": true}}}), "/credentials/pasword"),
            (json!({"credentials": {"password": {"identifier": "yes"}}}), "/credentials/password/identifier"),
            (json!({"credentials": {"password": {"identifer": true}}}), "/credentials/password/identifer"),
            (json!({"credentials": {"code": {"identifier": true, "via": "fax"}}}), "/credentials/code/via"),
            (json!({"credentials": {"totp": {"identifier": true}}}), "/credentials/totp/identifier"),
            (json!({"verification": {"via": "post"}}), "/verification/via"),
            (json!({"verification": {}}), "/verification/via"),
            (json!({"recovery": {"via": "email", "to": "x"}}), "/recovery/to"),
            (json!({"organizations": {"matcher": "x"}}), "/organizations/matcher"),
            (json!([]), ""),
        ] {
            let reply = house.alpha.owner.put("/v1/schemas/x", of(extension)).await;
            let told = reply.refused(422, "invalid_document");
            let expected = format!("#/properties/traits/properties/mail/ory.sh~1kratos{path}");
            assert_eq!(told["details"]["path"], expected);
        }
        let every = json!({"credentials": {"password": {"identifier": true}, "webauthn": {"identifier": true},
            "passkey": {"display_name": true}, "totp": {"account_name": true}, "code": {"identifier": true, "via": "email"}},
            "verification": {"via": "email"}, "recovery": {"via": "email"}, "organizations": {"matcher": "email_domain"}});
        house.alpha.owner.put("/v1/schemas/x", of(every)).await.expect(201);
    }
}

//! `GET /admin/identities`, parameter by parameter.

use serde_json::{Value, json};

use crate::{
    client::{Caller, Reply},
    database::random_id,
    house::Tenant,
};

async fn create(owner: &Caller, body: Value) -> String {
    owner
        .post("/admin/identities", body)
        .await
        .expect(201)
        .text("/id")
}

async fn people(tenant: &Tenant, count: usize) -> Vec<String> {
    let mut ids = vec![tenant.ada.clone(), tenant.bob.clone()];
    for number in 0..count {
        let body = json!({"traits": {"email": format!("p{number}@example.test")}});
        ids.push(create(&tenant.owner, body).await);
    }
    ids.sort();
    ids
}

fn ids(reply: &Reply) -> Vec<String> {
    let list = reply.json();
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|identity| identity["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// The relations of a `Link` header, each with the query of its target, sorted.
fn links(reply: &Reply) -> Vec<(String, String)> {
    reply
        .header("link")
        .split(',')
        .map(|link| {
            let (target, rel) = link.split_once("; rel=").expect("a relation");
            let (path, query) = target.split_once('?').expect("a query");
            assert_eq!(path, "</admin/identities");
            (
                rel.trim_matches('"').to_owned(),
                query.trim_end_matches('>').to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(rel, query): &(&str, &str)| ((*rel).to_owned(), (*query).to_owned());
    expected.iter().map(own).collect()
}

on_both_databases! {
    async fn list_page_size_is_250_by_default_500_at_most_and_a_number(house: House) {
        let owner = &house.alpha.owner;
        people(&house.alpha, 3).await;
        for (query, count) in [
            ("page_size=2", 2),
            ("page_size=0", 5),
            ("page_size=-1", 5),
            ("page_size=100000", 5),
            ("page_size=", 5),
            ("per_page=2", 2),
            ("page_size=1&per_page=3", 1),
        ] {
            let reply = owner.get(&format!("/admin/identities?{query}")).await.expect(200);
            assert_eq!(ids(&reply).len(), count, "{reply}");
            assert_eq!(reply.header("x-total-count"), "", "only the old paging counts");
            assert_eq!(reply.header("palisade-consistency"), "strong");
        }
        for bad in ["x", "1.5", "99999999999999999999"] {
            let reply = owner.get(&format!("/admin/identities?page_size={bad}")).await;
            let body = reply.refused(400, "invalid_request");
            assert_eq!(body["details"]["field"], "page_size");
        }
        // More than a page has at most.
        let items: Vec<Value> = (0..505).map(|n| json!({"create": {"schema_id": "customer", "traits": {"nick": n.to_string()}}})).collect();
        owner.patch("/admin/identities", json!({"identities": items})).await.expect(200);
        for (query, count) in [("", 250), ("page_size=0", 250), ("page_size=260", 260), ("page_size=501", 500), ("page_size=100000", 500)] {
            let reply = owner.get(&format!("/admin/identities?{query}")).await.expect(200);
            assert_eq!(ids(&reply).len(), count, "{query}");
            assert!(reply.header("link").contains("rel=\"next\""), "{query}");
        }
        let capped = owner.get("/admin/identities?page_size=1000").await.expect(200);
        assert!(capped.header("link").contains("page_size=500"), "{}", capped.header("link"));
    }

    async fn list_link_is_relative_keeps_the_query_and_has_next_until_the_last_page(house: House) {
        let owner = &house.alpha.owner;
        people(&house.alpha, 3).await;
        let reply = owner.get("/iam/identities?state=active&page_size=2&schema_id=default").await.expect(200);
        let link = reply.header("link");
        assert!(
            link.starts_with("</iam/identities?page_size=2&schema_id=default&state=active>; rel=\"first\",</iam/identities?page_size=2&page_token="),
            "{link}"
        );
        assert!(link.ends_with("&schema_id=default&state=active>; rel=\"next\""), "{link}");
        let last = owner.get("/admin/identities?page_size=500").await.expect(200);
        assert!(!last.header("link").contains("next"));
        for token in ["x", "00000000-0000-0000-0000-000000000000"] {
            owner.get(&format!("/admin/identities?page_token={token}")).await
                .refused(400, "invalid_page_token");
        }
    }

    async fn list_legacy_pages_are_numbered_from_0_with_a_total_and_orys_links(house: House) {
        let owner = &house.alpha.owner;
        let all = people(&house.alpha, 3).await;
        let page = async |query: &str| owner.get(&format!("/admin/identities?{query}")).await.expect(200);
        let first = page("page=0&per_page=2").await;
        assert_eq!((ids(&first), first.header("x-total-count")), (all[..2].to_vec(), "5"));
        assert_eq!(links(&first), pairs(&[("next", "page=1&per_page=2"), ("last", "page=2&per_page=2")]));
        let middle = page("per_page=2&page=1").await;
        assert_eq!(ids(&middle), all[2..4]);
        assert_eq!(links(&middle), pairs(&[
            ("first", "page=0&per_page=2"),
            ("next", "page=2&per_page=2"),
            ("prev", "page=0&per_page=2"),
            ("last", "page=2&per_page=2"),
        ]));
        let last = page("page=2&per_page=2").await;
        assert_eq!(ids(&last), all[4..]);
        assert_eq!(links(&last), pairs(&[("first", "page=0&per_page=2"), ("prev", "page=1&per_page=2")]));
        let only = page("page=0").await;
        assert_eq!(links(&only), pairs(&[("first", "page=0&per_page=5")]));
        // What is no number counts as absent.
        assert_eq!(ids(&page("page=x&per_page=y").await), all);
        // Ory's filters do not count for the total, but the one that finds a single identity does.
        let one = page("page=0&credentials_identifier=ada@example.test").await;
        assert_eq!((ids(&one).len(), one.header("x-total-count")), (1, "1"));
        let similar = page("page=0&preview_credentials_identifier_similar=ad").await;
        assert_eq!((ids(&similar).len(), similar.header("x-total-count")), (1, "5"));
        let inactive = page("page=0&state=inactive").await;
        assert_eq!((ids(&inactive).len(), inactive.header("x-total-count")), (0, "0"));
        assert_eq!(links(&inactive), pairs(&[
            ("first", "page=0&per_page=250&state=inactive"),
            ("next", "page=1&per_page=250&state=inactive"),
            ("prev", "page=0&per_page=250&state=inactive"),
        ]));
        let far = owner.get("/admin/identities?page=5&per_page=250").await.refused(400, "invalid_request");
        assert_eq!(
            far["error"]["reason"],
            "Legacy pagination is not supported for enumerating over 1000 items. Please switch to using page_token and page_size."
        );
        // With anything of the other way it is the other way.
        let keyset = page("page=1&page_size=2").await;
        assert_eq!((ids(&keyset), keyset.header("x-total-count")), (all[..2].to_vec(), ""));
    }

    async fn list_ids_are_500_uuids_at_most_in_one_page_and_unknown_ones_are_ignored(house: House) {
        let owner = &house.alpha.owner;
        let all = people(&house.alpha, 3).await;
        let query: Vec<String> = all.iter().chain(&all).chain(&[random_id(), house.twin.ada.clone()])
            .map(|id| format!("ids={id}")).collect();
        let reply = owner.get(&format!("/admin/identities?page_size=1&{}", query.join("&"))).await.expect(200);
        assert_eq!(ids(&reply), all);
        assert!(!reply.header("link").contains("next"));
        let numbered = owner.get(&format!("/admin/identities?page=0&per_page=1&{}", query.join("&"))).await.expect(200);
        assert_eq!((ids(&numbered), numbered.header("x-total-count")), (all.clone(), "5"));
        assert!(!numbered.header("link").contains("next"));
        let bad = owner.get("/admin/identities?ids=x").await.refused(400, "invalid_request");
        assert_eq!(bad["error"]["reason"], "Invalid UUID value `x` for parameter `ids`.");
        let many = vec![format!("ids={}", all[0]); 501].join("&");
        let many = owner.get(&format!("/admin/identities?{many}")).await.refused(400, "invalid_request");
        assert_eq!(many["error"]["reason"], "The number of ids to filter must not exceed 500.");
    }

    async fn list_credentials_identifier_is_exact_in_normal_form_and_raw_for_accounts(house: House) {
        let owner = &house.alpha.owner;
        let account = json!({"config": {"providers": [{"provider": "corp", "subject": "Sub-Eve"}]}});
        let body = json!({"traits": {"email": "Eve@Example.test"}, "credentials": {"oidc": account}});
        let eve = create(owner, body).await;
        let find = async |text: &str| {
            let text: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let reply = owner.get(&format!("/admin/identities?credentials_identifier={text}")).await.expect(200);
            for identity in reply.json().as_array().expect("a list") {
                assert!(identity["credentials"]["password"].is_object(), "credentials are shown");
                assert_eq!(identity["credentials"]["password"].get("config"), None, "but no secret");
            }
            ids(&reply)
        };
        for text in ["eve@example.test", " EVE@EXAMPLE.TEST ", "\u{ff45}ve@example.test", "corp:Sub-Eve"] {
            assert_eq!(find(text).await, [eve.as_str()], "{text}");
        }
        for text in ["corp:sub-eve", "eve@example", "nobody@example.test", "%"] {
            assert!(find(text).await.is_empty(), "{text}");
        }
        assert_eq!(ids(&owner.get("/admin/identities?credentials_identifier=").await.expect(200)).len(), 3);
    }

    async fn list_similar_is_a_prefix_whose_characters_stand_for_themselves(house: House) {
        let owner = &house.alpha.owner;
        for email in ["a_b@example.test", "axb@example.test", "a%25b@example.test"] {
            let email = email.replace("%25", "%");
            create(owner, json!({"traits": {"email": email}})).await;
        }
        let find = async |text: &str| {
            let path = format!("/admin/identities?preview_credentials_identifier_similar={text}");
            let reply = owner.get(&path).await.expect(200);
            assert!(reply.json().as_array().expect("a list").iter().all(|one| one["credentials"].is_object()));
            ids(&reply).len()
        };
        for (text, count) in [("a_", 1), ("a%25", 1), ("A", 4), ("xb", 0), ("a%5C", 0), ("corp:sub-", 2), ("corp:SUB-", 0)] {
            assert_eq!(find(text).await, count, "{text}");
        }
    }

    async fn list_filters_that_name_identities_exclude_each_other_and_all_others_go_together(house: House) {
        let owner = &house.alpha.owner;
        let organization = random_id();
        let body = json!({"traits": {"email": "eve@example.test"}, "organization_id": organization, "external_id": "eve"});
        let eve = create(owner, body).await;
        let (ids_of, exact) = (format!("ids={eve}"), "credentials_identifier=eve@example.test");
        let similar = "preview_credentials_identifier_similar=eve";
        for query in [
            format!("{ids_of}&{exact}"),
            format!("{ids_of}&{similar}"),
            format!("{exact}&{similar}"),
        ] {
            let refused = owner.get(&format!("/admin/identities?{query}")).await.refused(400, "invalid_request");
            assert_eq!(refused["error"]["reason"], "You cannot combine multiple filters in this API");
        }
        let narrow = format!("organization_id={organization}&state=active&schema_id=default&external_id=eve\
            &created_after=2026-01-01T00:00:00Z&created_before=2999-01-01T00:00:00Z\
            &updated_after=2026-01-01T00:00:00Z&updated_before=2999-01-01T00:00:00Z");
        for named in ["", ids_of.as_str(), exact, similar, "credentials_identifier="] {
            let found = owner.get(&format!("/admin/identities?{narrow}&{named}")).await.expect(200);
            assert_eq!(ids(&found), [eve.as_str()], "{named}");
        }
        for (filter, count) in [
            (format!("organization_id={organization}"), 1),
            (format!("organization_id={}", random_id()), 0),
            ("state=inactive".to_owned(), 0),
            ("schema_id=customer".to_owned(), 0),
            ("external_id=ada".to_owned(), 1),
            ("created_before=2020-01-01T00:00:00Z".to_owned(), 0),
            ("updated_after=2999-01-01T00:00:00%2B02:00".to_owned(), 0),
        ] {
            let found = owner.get(&format!("/admin/identities?{filter}")).await.expect(200);
            assert_eq!(ids(&found).len(), count, "{filter}");
        }
        for (query, field) in [
            ("organization_id=x", "organization_id"),
            ("state=gone", "state"),
            ("created_after=yesterday", "created_after"),
            ("created_before=1", "created_before"),
            ("updated_after=x", "updated_after"),
            ("updated_before=x", "updated_before"),
        ] {
            let refused = owner.get(&format!("/admin/identities?{query}")).await.refused(400, "invalid_request");
            assert_eq!(refused["details"]["field"], field);
        }
    }

    async fn list_include_credential_shows_the_config_of_the_named_types_only(house: House) {
        let owner = &house.alpha.owner;
        let password = json!({"config": {"password": "correct horse battery"}});
        create(owner, json!({"traits": {"email": "eve@example.test"}, "credentials": {"password": password}})).await;
        let plain = owner.get("/admin/identities").await.expect(200).json();
        assert!(plain.as_array().expect("a list").iter().all(|one| one.get("credentials").is_none()));
        let shown = owner.get("/admin/identities?include_credential=password&include_credential=totp").await.expect(200).json();
        assert_eq!(shown.as_array().expect("a list").len(), 3, "it does not filter");
        let eve = shown.as_array().expect("a list").iter().find(|one| one["traits"]["email"] == "eve@example.test").expect("Eve");
        assert!(eve["credentials"]["password"]["config"]["hashed_password"].is_string());
        assert_eq!(eve["credentials"]["code"].get("config"), None);
        for unknown in ["profile", "identifier_first", "XYZ"] {
            let refused = owner.get(&format!("/admin/identities?include_credential={unknown}")).await.refused(400, "invalid_request");
            assert_eq!(
                refused["error"]["reason"],
                format!("Invalid value `{unknown}` for parameter `include_credential`.")
            );
        }
        let editor = house.alpha.caller("editor").await;
        editor.get("/admin/identities?include_credential=password").await.refused(403, "forbidden");
    }

    async fn list_consistency_is_never_an_error_and_strong_where_there_is_no_replica(house: House) {
        for word in ["", "strong", "eventual", "x"] {
            let reply = house.alpha.owner.get(&format!("/admin/identities?consistency={word}")).await.expect(200);
            assert_eq!(reply.header("palisade-consistency"), "strong");
            assert_eq!(ids(&reply).len(), 2);
        }
    }

    async fn abuse_07_a_page_token_is_good_for_its_tenant_and_filter_only(house: House) {
        let (alpha, twin) = (&house.alpha, &house.twin);
        let link = alpha.owner.get("/admin/identities?page_size=1").await.expect(200);
        let token = crate::isolation::next_token(link.header("link")).expect("another page");
        alpha.owner.get(&format!("/admin/identities?page_size=1&page_token={token}")).await.expect(200);
        for (owner, query) in [
            (&twin.owner, "page_size=1"),
            (&alpha.owner, "page_size=1&state=active"),
            (&alpha.owner, "page_size=1&external_id=ada"),
        ] {
            owner.get(&format!("/admin/identities?{query}&page_token={token}")).await
                .refused(400, "invalid_page_token");
        }
    }
}

on_both_databases! {
    async fn list_many_values_are_repeated_keys_and_never_comma_lists(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let both = owner.get(&format!("/admin/identities?ids={}&ids={}", alpha.ada, alpha.bob)).await.expect(200);
        assert_eq!(ids(&both).len(), 2);
        let comma = owner.get(&format!("/admin/identities?ids={},{}", alpha.ada, alpha.bob)).await;
        comma.refused(400, "invalid_request");
        let comma = owner.get("/admin/identities?include_credential=password,oidc").await;
        comma.refused(400, "invalid_request");
        // Of a filter that takes one value the first counts.
        let twice = owner.get("/admin/identities?credentials_identifier=ada@example.test&credentials_identifier=x").await;
        assert_eq!(ids(&twice.expect(200)), [alpha.ada.as_str()]);
    }

    async fn list_organization_id_is_a_uuid_and_an_unknown_one_has_nobody(house: House) {
        let owner = &house.alpha.owner;
        let organization = random_id();
        let eve = create(owner, json!({"traits": {"email": "eve@example.test"}, "organization_id": organization})).await;
        let of = async |id: &str| owner.get(&format!("/admin/identities?organization_id={id}")).await;
        assert_eq!(ids(&of(&organization).await.expect(200)), [eve.as_str()]);
        assert_eq!(of(&random_id()).await.expect(200).body, "[]\n");
        assert_eq!(of("x").await.refused(400, "invalid_request")["details"]["field"], "organization_id");
        assert_eq!(ids(&of("").await.expect(200)).len(), 3, "empty is none");
    }

    async fn list_answers_an_array_that_is_never_null_and_has_metadata_admin(house: House) {
        let owner = &house.alpha.owner;
        let all = owner.get("/admin/identities").await.expect(200).json();
        assert!(all.as_array().expect("an array").iter().all(|one| one["metadata_admin"]["seat"] == 1));
        let none = owner.get("/admin/identities?credentials_identifier=nobody@example.test").await.expect(200);
        assert_eq!(none.body, "[]\n");
        for id in ids(&owner.get("/admin/identities").await.expect(200)) {
            owner.delete(&format!("/admin/identities/{id}")).await.expect(204);
        }
        assert_eq!(owner.get("/admin/identities").await.expect(200).body, "[]\n");
    }

    async fn list_is_in_the_order_of_the_ids_and_a_token_outlives_the_identity_it_was_made_at(house: House) {
        let owner = &house.alpha.owner;
        let all = people(&house.alpha, 3).await;
        let first = owner.get("/admin/identities?page_size=2").await.expect(200);
        assert_eq!(ids(&first), all[..2]);
        owner.delete(&format!("/admin/identities/{}", all[1])).await.expect(204);
        let token = crate::isolation::next_token(first.header("link")).expect("another page");
        let next = owner.get(&format!("/admin/identities?page_size=2&page_token={token}")).await.expect(200);
        assert_eq!(ids(&next), all[2..4]);
    }

    async fn list_per_page_alone_is_another_name_of_page_size(house: House) {
        let owner = &house.alpha.owner;
        let reply = owner.get("/admin/identities?per_page=1").await.expect(200);
        assert_eq!((ids(&reply).len(), reply.header("x-total-count")), (1, ""));
        assert!(crate::isolation::next_token(reply.header("link")).is_some());
    }

    async fn list_credentials_identifier_finds_webauthn_in_normal_form_saml_raw_and_never_passkeys_seeds_or_codes(house: House) {
        let owner = &house.alpha.owner;
        owner.put("/v1/schemas/keys", super::keys_schema()).await.expect(201);
        let eve = create(owner, json!({"schema_id": "keys", "traits": {"login": "Eve-Login"}, "credentials": {
            "saml": {"config": {"providers": [{"provider": "adfs", "subject": "Sub-Eve"}]}},
            "totp": {"config": {"totp_url": "otpauth://totp/a:b?secret=JBSWY3DPEHPK3PXP"}},
            "lookup_secret": {"config": {"codes": [{"code": "one"}]}},
            "passkey": {"config": {"credentials": [{"id": "Yw==", "public_key": "cGs="}], "user_handle": "dXNlci0x"}},
        }})).await;
        let shown = owner.get(&format!("/admin/identities/{eve}")).await.expect(200).json()["credentials"].clone();
        assert_eq!(shown["passkey"]["identifiers"], json!(["user-1"]));
        assert_eq!((&shown["totp"]["identifiers"], &shown["lookup_secret"]["identifiers"]), (&json!([eve]), &json!([eve])));
        let find = async |text: &str| ids(&owner.get(&format!("/admin/identities?credentials_identifier={text}")).await.expect(200));
        for text in ["eve-login", "EVE-Login", "%20eve-login%20", "adfs:Sub-Eve"] {
            assert_eq!(find(text).await, [eve.as_str()], "{text}");
        }
        for text in ["adfs:sub-eve", "ADFS:Sub-Eve", "user-1", "dXNlci0x", eve.as_str(), "one"] {
            assert!(find(text).await.is_empty(), "{text}");
        }
    }

    async fn list_legacy_pages_reach_a_thousand_and_have_500_at_most(house: House) {
        let owner = &house.alpha.owner;
        let items: Vec<Value> = (0..1_000).map(|n| json!({"create": {"schema_id": "customer", "traits": {"nick": n.to_string()}}})).collect();
        owner.patch("/admin/identities", json!({"identities": items})).await.expect(200);
        let page = async |query: &str| owner.get(&format!("/admin/identities?{query}")).await;
        // `page * per_page` is a thousand: just served.
        for query in ["page=4&per_page=250", "page=2&per_page=500", "page=1000&per_page=1"] {
            let reply = page(query).await.expect(200);
            assert_eq!((ids(&reply).len(), reply.header("x-total-count")), (if query.ends_with("=1") { 1 } else { 2 }, "1002"), "{query}");
        }
        for query in ["page=1001&per_page=1", "page=3&per_page=500", "page=5&per_page=250"] {
            page(query).await.refused(400, "invalid_request");
        }
        let large = page("page=0&per_page=600").await.expect(200);
        assert_eq!(ids(&large).len(), 500);
        assert_eq!(links(&large), pairs(&[("next", "page=1&per_page=500"), ("last", "page=2&per_page=500")]));
        // 600 is 500 before it is multiplied.
        assert_eq!(ids(&page("page=2&per_page=600").await.expect(200)).len(), 2);
        for least in ["page=0&per_page=0", "page=0&per_page=-5"] {
            let some = ids(&page(least).await.expect(200)).len();
            assert!(some == 1 || some == 250, "{least}: {some}");
        }
    }
}

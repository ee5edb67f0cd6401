//! Groups and their members.

use serde_json::{Value, json};

use super::{Client, Refused as _, id};

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

async fn group(client: &Client, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
    client.post("/Groups", body).await.expect(201).json()
}

fn members(group: &Value) -> Vec<String> {
    let members = group["members"].as_array();
    let mut ids: Vec<String> = members
        .into_iter()
        .flatten()
        .map(|member| member["value"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

on_both_databases! {
    async fn a_group_is_created_read_replaced_patched_and_deleted(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let (ada, bob) = (id(&client.user("ada").await), id(&client.user("bob").await));
        let created = group(&client, "Engineers", &[&ada]).await;
        let path = format!("/Groups/{}", id(&created));
        let member = &created["members"][0];
        assert_eq!((&member["type"], member.get("display")), (&json!("User"), None));
        let named = client.get(&format!("/Groups/{}?attributes=members.display", id(&created))).await.expect(200).json();
        assert_eq!(named["members"], json!([{"display": "ada"}]));
        assert!(member["$ref"].as_str().is_some_and(|place| place.ends_with(&format!("/scim/v2/Users/{ada}"))));
        assert_eq!(client.get(&path).await.expect(200).json(), created);
        let without = client.get(&format!("{path}?excludedAttributes=members")).await.expect(200).json();
        assert!(without.get("members").is_none() && without["displayName"] == "Engineers");
        let replaced = client.put(&path, json!({"displayName": "Makers", "members": [{"value": bob}]})).await.expect(200).json();
        assert_eq!(members(&replaced), std::slice::from_ref(&bob));
        let user = client.get(&format!("/Users/{bob}")).await.expect(200).json();
        assert_eq!(user["groups"][0]["display"], "Makers");
        assert_eq!(user["groups"][0]["type"], "direct");
        client.delete(&path).await.expect(204);
        client.get(&path).await.scim_refused(404, None);
        client.delete(&path).await.scim_refused(404, None);
        client.put(&path, json!({"displayName": "x"})).await.scim_refused(404, None);
        assert!(client.get(&format!("/Users/{bob}")).await.expect(200).json().get("groups").is_none());
    }

    async fn entra_05_and_06_members_are_added_and_the_named_ones_removed(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let mut users = Vec::new();
        for number in 0..4 {
            users.push(id(&client.user(&format!("u{number}")).await));
        }
        let created = group(&client, "Engineers", &[]).await;
        let path = format!("/Groups/{}", id(&created));
        let added: Vec<Value> = users.iter().map(|id| json!({"$ref": null, "value": id})).collect();
        let patched = client.patch(&path, json!([{"op": "Add", "path": "members", "value": added}])).await.expect(200).json();
        assert_eq!(members(&patched).len(), 4);
        // The same once more changes nothing.
        let again = client.patch(&path, json!([{"op": "Add", "path": "members", "value": [{"value": users[0]}]}])).await.expect(200).json();
        assert_eq!(again["meta"], patched["meta"]);
        let removed = client.patch(&path, json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": users[0]}]}])).await.expect(200).json();
        assert_eq!(members(&removed), sorted(&[&users[1], &users[2], &users[3]]));
        // complaint 1: verified by a GET.
        client.patch(&path, json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", users[1])}])).await.expect(200);
        assert_eq!(members(&client.get(&path).await.expect(200).json()), sorted(&[&users[2], &users[3]]));
        client.patch(&path, json!([{"op": "Remove", "path": "members", "value": [{"$ref": null}]}])).await.scim_refused(400, Some("invalidValue"));
        client.patch(&path, json!([{"op": "Replace", "path": "members", "value": ""}])).await.scim_refused(400, Some("invalidValue"));
        assert_eq!(members(&client.get(&path).await.expect(200).json()).len(), 2);
        // Who is deleted is in no group.
        client.delete(&format!("/Users/{}", users[2])).await.expect(204);
        assert_eq!(members(&client.get(&path).await.expect(200).json()), [users[3].clone()]);
    }

    async fn okta_06_group_push(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let (ada, bob) = (id(&client.user("ada").await), id(&client.user("bob").await));
        let created = group(&client, "Everyone", &[]).await;
        let path = format!("/Groups/{}", id(&created));
        client.patch(&path, json!([
            {"op": "replace", "value": {"id": created["id"], "displayName": "Everyone!"}},
            {"op": "add", "path": "members", "value": [{"value": ada, "display": "ada"}]}
        ])).await.expect(200);
        let both = client.patch(&path, json!([
            {"op": "remove", "path": format!("members[value eq \"{ada}\"]")},
            {"op": "add", "path": "members", "value": [{"value": bob, "display": "bob"}]}
        ])).await.expect(200).json();
        assert_eq!(members(&both), std::slice::from_ref(&bob));
        assert_eq!(both["displayName"], "Everyone!");
        let renamed = client.patch(&path, json!([{"op": "replace", "value": {"id": created["id"], "displayName": "All"}}])).await.expect(200).json();
        assert_eq!(members(&renamed), std::slice::from_ref(&bob));
        let full = client.patch(&path, json!([{"op": "replace", "path": "members", "value": [{"value": ada}]}])).await.expect(200).json();
        assert_eq!(members(&full), std::slice::from_ref(&ada));
        // A member that is gone already is no error.
        client.patch(&path, json!([{"op": "remove", "path": format!("members[value eq \"{bob}\"]")}])).await.expect(200);
        let pathless = client.patch(&path, json!([{"op": "add", "value": {"members": [{"value": bob}]}}])).await.expect(200).json();
        assert_eq!(members(&pathless), sorted(&[&ada, &bob]));
    }

    async fn groups_are_found_by_name_and_member(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let ada = id(&client.user("ada").await);
        let one = group(&client, "Engineers", &[&ada]).await;
        group(&client, "Builders", &[]).await;
        for (filter, expected) in [
            ("displayName eq \"ENGINEERS\"".to_owned(), 1),
            (format!("members eq \"{ada}\""), 1),
            (format!("members[value eq \"{ada}\"] and displayName sw \"E\""), 1),
            (format!("id eq \"{}\" and members eq \"{ada}\"", id(&one)), 1),
            ("members eq \"nobody\"".to_owned(), 0),
            ("members pr".to_owned(), 1),
            ("displayName pr".to_owned(), 2),
        ] {
            let path = format!("/Groups?excludedAttributes=members&filter={}", super::encoded(&filter));
            let found = client.get(&path).await.expect(200).json();
            assert_eq!(found["totalResults"], expected, "{filter}");
        }
        let path = format!("/Groups?filter={}", super::encoded("members.display co \"a\""));
        client.get(&path).await.scim_refused(400, Some("invalidFilter"));
        let of = client.filter("/Users", &format!("groups eq \"{}\"", id(&one))).await;
        assert_eq!(of["totalResults"], 1);
        let list = client.get("/Groups?startIndex=1&count=100").await.expect(200).json();
        assert_eq!(members(&list["Resources"][0]), [ada]);
    }

    async fn members_of_another_connection_or_tenant_are_refused(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let neighbour = Client::connect(&house.alpha.owner, "okta").await;
        let (_, elsewhere) = house.gateway.new_tenant("elsewhere").await;
        let foreign = Client::connect(&elsewhere, "okta").await;
        let created = group(&client, "Engineers", &[]).await;
        let path = format!("/Groups/{}", id(&created));
        let strangers = [
            id(&neighbour.user("bob").await),
            id(&foreign.user("ada").await),
            id(&group(&foreign, "Engineers", &[]).await),
            house.alpha.ada.clone(),
        ];
        for stranger in &strangers {
            let value = json!([{"op": "add", "path": "members", "value": [{"value": stranger}]}]);
            client.patch(&path, value).await.scim_refused(400, Some("invalidValue"));
            let body = json!({"displayName": "x", "members": [{"value": stranger}]});
            client.post("/Groups", body).await.scim_refused(400, Some("invalidValue"));
        }
        for other in [&neighbour, &foreign] {
            other.get(&path).await.scim_refused(404, None);
            other.patch(&path, json!([{"op": "replace", "path": "displayName", "value": "x"}])).await.scim_refused(404, None);
            other.put(&path, json!({"displayName": "x"})).await.scim_refused(404, None);
            other.delete(&path).await.scim_refused(404, None);
        }
        assert_eq!(client.get(&path).await.expect(200).json(), created);
        assert_eq!(client.get("/Groups").await.expect(200).json()["totalResults"], 1);
    }

    async fn entra_05_what_is_no_id_is_refused_and_empties_no_group(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let ada = id(&client.user("ada").await);
        let created = group(&client, "Engineers", &[&ada]).await;
        let path = format!("/Groups/{}", id(&created));
        for bogus in ["00u1abc", "ada@corp.test", "bulkId:ada", "", &ada.to_uppercase()] {
            let value = json!([{"value": bogus}]);
            for operation in [
                json!({"op": "replace", "path": "members", "value": value}),
                json!({"op": "Remove", "path": "members", "value": value}),
                json!({"op": "replace", "value": {"members": value}}),
            ] {
                client.patch(&path, json!([operation])).await.scim_refused(400, Some("invalidValue"));
            }
            let body = json!({"displayName": "Engineers", "members": value});
            let both = json!([
                {"op": "remove", "path": format!("members[value eq \"{ada}\"]")},
                {"op": "add", "path": "members", "value": value}
            ]);
            client.patch(&path, both).await.scim_refused(400, Some("invalidValue"));
            client.put(&path, body.clone()).await.scim_refused(400, Some("invalidValue"));
            client.post("/Groups", body).await.scim_refused(400, Some("invalidValue"));
        }
        for bogus in ["bulkId:ada", &ada.to_uppercase(), "0190f3c0-0000-7000-8000-00000000000a"] {
            let add = json!([{"op": "add", "path": "members", "value": [{"value": bogus}]}]);
            client.patch(&path, add).await.scim_refused(400, Some("invalidValue"));
        }
        // What a checker adds, which can be nobody's id, adds nobody.
        let add = json!([{"op": "add", "path": "members", "value": [{"value": "fake-member-id"}]}]);
        assert_eq!(client.patch(&path, add).await.expect(200).json(), created);
        assert_eq!(client.get(&path).await.expect(200).json(), created);
    }

    async fn a_filter_over_members_that_names_nobody_is_refused(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let ada = id(&client.user("ada").await);
        let created = group(&client, "Engineers", &[&ada]).await;
        let path = format!("/Groups/{}", id(&created));
        for filter in ["display co \"zz\"", "type eq \"User\"", "value sw \"0\""] {
            let operation = json!([{"op": "remove", "path": format!("members[{filter}]")}]);
            client.patch(&path, operation).await.scim_refused(400, Some("invalidFilter"));
        }
        assert_eq!(client.get(&path).await.expect(200).json(), created);
    }

    async fn what_only_the_database_knows_of_groups_goes_with_every_other_condition(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let mut users = Vec::new();
        for (name, title) in [("ada", "T"), ("bob", "X"), ("cyd", "Y")] {
            let body = json!({"userName": name, "title": title, "name": {"familyName": name}});
            users.push(id(&client.post("/Users", body).await.expect(201).json()));
        }
        let inner = id(&group(&client, "Inner", &[&users[0]]).await);
        let outer = id(&group(&client, "Outer", &[&inner]).await);
        for (filter, expected) in [
            (format!("groups eq \"{outer}\""), vec!["ada"]),
            (format!("groups eq \"{outer}\" and title eq \"T\""), vec!["ada"]),
            (format!("groups.value eq \"{inner}\" and title eq \"X\""), vec![]),
            (format!("groups eq \"{inner}\" or title eq \"X\""), vec!["ada", "bob"]),
            (format!("not (groups eq \"{inner}\") and title pr"), vec!["bob", "cyd"]),
            ("groups pr and title pr".to_owned(), vec!["ada"]),
            ("not (groups pr) and title ne \"X\"".to_owned(), vec!["cyd"]),
            (format!("groups[value eq \"{inner}\"] and meta.resourceType eq \"User\""), vec!["ada"]),
        ] {
            for order in ["", "&sortBy=name.familyName", "&sortBy=userName"] {
                let path = format!("/Users?filter={}{order}", super::encoded(&filter));
                let found = client.get(&path).await.expect(200).json();
                assert_eq!(super::names(&found), expected, "{filter} {order}");
                assert_eq!(found["totalResults"], expected.len(), "{filter} {order}");
            }
        }
        let root = format!("groups eq \"{inner}\" and meta.resourceType eq \"User\"");
        let found = client.get(&format!("?filter={}", super::encoded(&root))).await.expect(200).json();
        assert_eq!(super::names(&found), ["ada"]);
        let of_group = format!("members eq \"{}\" and schemas eq \"{GROUP}\"", users[0]);
        assert_eq!(client.filter("/Groups", &of_group).await["totalResults"], 1);
        for filter in ["groups.display eq \"Inner\" and title pr", "groups ne \"x\" or title pr"] {
            let path = format!("/Users?filter={}", super::encoded(filter));
            client.get(&path).await.scim_refused(400, Some("invalidFilter"));
        }
    }

    async fn a_group_is_another_when_one_of_its_members_is_deleted(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let (ada, bob) = (id(&client.user("ada").await), id(&client.user("bob").await));
        let inner = id(&group(&client, "Inner", &[]).await);
        let created = group(&client, "Engineers", &[&ada, &bob, &inner]).await;
        let path = format!("/Groups/{}", id(&created));
        let mut version = created["meta"]["version"].clone();
        for gone in [format!("/Users/{ada}"), format!("/Groups/{inner}")] {
            client.delete(&gone).await.expect(204);
            let read = client.request(reqwest::Method::GET, &path).header("if-none-match", version.as_str().expect("a text"));
            let now = crate::client::send(read).await.expect(200).json();
            assert_ne!(now["meta"]["version"], version);
            version = now["meta"]["version"].clone();
        }
        assert_eq!(members(&client.get(&path).await.expect(200).json()), [bob]);
    }

    async fn names_that_are_to_be_unique_are_so_for_groups_that_were_there(house: House) {
        let (owner, client) = (&house.alpha.owner, Client::connect(&house.alpha.owner, "entra").await);
        let ada = id(&client.user("ada").await);
        let twice = group(&client, "Twice", &[]).await;
        let other = group(&client, "TWICE", &[]).await;
        let settings = format!("/v1/identity-providers/{}/scim", client.provider);
        let unique = json!({"unique_group_names": true});
        let refused = owner.put(&settings, unique.clone()).await.refused(409, "conflict");
        assert!(refused.to_string().contains("TWICE") || refused.to_string().contains("Twice"));
        assert_eq!(owner.get(&settings).await.expect(200).json()["unique_group_names"], false);
        client.patch(&format!("/Groups/{}", id(&other)), json!([{"op": "replace", "path": "displayName", "value": "Once"}])).await.expect(200);
        owner.put(&settings, unique).await.expect(200);
        client.post("/Groups", json!({"displayName": "twice"})).await.scim_refused(409, Some("uniqueness"));
        let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
        client.patch(&format!("/Groups/{}", id(&twice)), add).await.expect(200);
        owner.put(&settings, json!({})).await.expect(200);
        group(&client, "twice", &[]).await;
    }

    async fn groups_nest_and_never_in_circles(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let ada = id(&client.user("ada").await);
        let inner = id(&group(&client, "Inner", &[&ada]).await);
        let middle = id(&group(&client, "Middle", &[&inner]).await);
        let outer = id(&group(&client, "Outer", &[&middle]).await);
        let user = client.get(&format!("/Users/{ada}")).await.expect(200).json();
        let kinds: Vec<(&str, &str)> = user["groups"].as_array().expect("a list").iter()
            .map(|group| (group["display"].as_str().expect("a name"), group["type"].as_str().expect("a type"))).collect();
        assert_eq!(kinds, [("Inner", "direct"), ("Middle", "indirect"), ("Outer", "indirect")]);
        assert_eq!(client.filter("/Users", &format!("groups eq \"{outer}\"")).await["totalResults"], 1);
        for (group, member) in [(&inner, &outer), (&inner, &inner), (&middle, &outer)] {
            let value = json!([{"op": "add", "path": "members", "value": [{"value": member}]}]);
            client.patch(&format!("/Groups/{group}"), value).await.scim_refused(400, Some("invalidValue"));
        }
    }

    async fn abuse_44_of_fifty_concurrent_adds_none_is_lost(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let mut users = Vec::new();
        for number in 0..50 {
            users.push(id(&client.user(&format!("u{number}")).await));
        }
        let created = group(&client, "Engineers", &[]).await;
        let path = format!("/Groups/{}", id(&created));
        let adds = users.iter().map(|user| {
            let value = json!([{"op": "add", "path": "members", "value": [{"value": user}]}]);
            client.patch(&path, value)
        });
        for reply in futures_util::future::join_all(adds).await {
            reply.expect(200);
        }
        assert_eq!(members(&client.get(&path).await.expect(200).json()).len(), 50);
    }

    async fn entra_13_names_of_groups_are_unique_where_the_connection_is_set_so(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        group(&client, "Twice", &[]).await;
        group(&client, "twice", &[]).await;
        let strict = Client::connect(&house.alpha.owner, "strict").await;
        let settings = format!("/v1/identity-providers/{}/scim", strict.provider);
        let put = house.alpha.owner.put(&settings, json!({"unique_group_names": true})).await.expect(200).json();
        assert_eq!(put["schema_id"], "scim");
        assert_eq!(house.alpha.owner.get(&settings).await.expect(200).json(), put);
        group(&strict, "Once", &[]).await;
        strict.post("/Groups", json!({"displayName": "ONCE"})).await.scim_refused(409, Some("uniqueness"));
    }
}

//! Lists, filters, orders and pages.

use serde_json::{Value, json};

use super::{Client, Refused as _, encoded, id, names};

async fn three(client: &Client) -> Vec<Value> {
    let mut users = Vec::new();
    for (name, title, email) in [
        ("Ada", "Countess", "ada@x.test"),
        ("bob", "Builder", "bob@y.test"),
        ("Cy", "", "cy@x.test"),
    ] {
        let user = json!({"userName": name, "externalId": format!("Ext-{name}"), "title": title, "displayName": name.to_uppercase(),
            "emails": [{"value": email, "type": "work"}, {"value": format!("{name}@home.test"), "type": "home"}]});
        users.push(client.post("/Users", user).await.expect(201).json());
    }
    users
}

on_both_databases! {
    async fn filters_find_who_fits_and_nobody_else(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        let users = three(&client).await;
        client.patch(&format!("/Users/{}", id(&users[2])), json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
        let first = id(&users[0]);
        let time = users[1]["meta"]["created"].as_str().expect("a time");
        for (filter, expected) in [
            ("userName eq \"ADA\"", vec!["Ada"]),
            ("USERNAME Eq \"ada\"", vec!["Ada"]),
            ("userName ne \"ada\"", vec!["bob", "Cy"]),
            ("userName sw \"B\"", vec!["bob"]),
            ("userName ew \"Y\"", vec!["Cy"]),
            ("userName co \"d\" or userName co \"o\"", vec!["Ada", "bob"]),
            ("userName gt \"ada\"", vec!["bob", "Cy"]),
            ("externalId eq \"Ext-bob\"", vec!["bob"]),
            ("externalId eq \"ext-bob\"", vec![]),
            ("not (externalId eq \"Ext-bob\")", vec!["Ada", "Cy"]),
            (&format!("id eq \"{first}\""), vec!["Ada"]),
            ("id eq \"nobody\"", vec![]),
            ("displayName eq \"bob\"", vec!["bob"]),
            ("active eq true", vec!["Ada", "bob"]),
            ("active eq \"False\"", vec!["Cy"]),
            ("emails.value eq \"ADA@X.test\"", vec!["Ada"]),
            ("emails co \"@x\"", vec!["Ada", "Cy"]),
            ("emails[type eq \"work\" and value co \"@x\"]", vec!["Ada", "Cy"]),
            ("emails[type eq \"home\" and value eq \"ada@x.test\"]", vec![]),
            ("emails[type eq \"work\"].value eq \"bob@y.test\"", vec!["bob"]),
            ("title eq \"builder\"", vec!["bob"]),
            ("title pr", vec!["Ada", "bob"]),
            ("not (title pr)", vec!["Cy"]),
            ("title eq \"Builder\" and userName eq \"ada\"", vec![]),
            (&format!("meta.created ge \"{time}\""), vec!["bob", "Cy"]),
            (&format!("meta.created lt \"{time}\""), vec!["Ada"]),
            ("meta.resourceType eq \"User\"", vec!["Ada", "bob", "Cy"]),
            ("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"", vec!["Ada", "bob", "Cy"]),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"bob\"", vec!["bob"]),
            ("userName eq \"a' OR 1=1 --\"", vec![]),
            ("userName co \"%\"", vec![]),
            ("manager pr", vec![]),
        ] {
            let found = client.filter("/Users", filter).await;
            assert_eq!(names(&found), expected, "{filter}");
            assert_eq!(found["totalResults"], expected.len(), "{filter}");
        }
        for (filter, status, kind) in [
            ("usrName eq \"a\"", 400, "invalidFilter"),
            ("userName eq", 400, "invalidFilter"),
            ("active gt true", 400, "invalidFilter"),
            ("password eq \"x\"", 403, "sensitive"),
        ] {
            let query = encoded(filter);
            client.get(&format!("/Users?filter={query}")).await.scim_refused(status, Some(kind));
        }
    }

    async fn lists_are_ordered_with_missing_values_at_their_end(house: House) {
        let client = Client::connect(&house.alpha.owner, "entra").await;
        three(&client).await;
        for (sort, expected) in [
            ("", ["Ada", "bob", "Cy"]),
            ("sortBy=userName&sortOrder=descending", ["Cy", "bob", "Ada"]),
            ("sortBy=title", ["bob", "Ada", "Cy"]),
            ("sortBy=title&sortOrder=descending", ["Cy", "Ada", "bob"]),
            ("sortBy=emails", ["Ada", "bob", "Cy"]),
            ("sortBy=meta.lastModified&sortOrder=descending", ["Cy", "bob", "Ada"]),
            ("sortBy=id&sortOrder=descending", ["Cy", "bob", "Ada"]),
        ] {
            let list = client.get(&format!("/Users?{sort}")).await.expect(200).json();
            assert_eq!(names(&list), expected, "{sort}");
            // The same order page by page, by cursor.
            let mut walked = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = client.get(&format!("/Users?{sort}&count=1&cursor={cursor}")).await.expect(200).json();
                assert_eq!(page["totalResults"], 3);
                walked.extend(names(&page).into_iter().map(ToOwned::to_owned));
                match page["nextCursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(walked, expected, "{sort}");
        }
        client.get("/Users?sortBy=nope").await.scim_refused(400, Some("invalidValue"));
    }

    async fn complaint_12_pages_are_true_to_the_end(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let mut made = Vec::new();
        for number in 0..12 {
            made.push(id(&client.user(&format!("user{number:02}")).await));
        }
        let page = async |query: &str| client.get(&format!("/Users?{query}")).await.expect(200).json();
        let mut seen = Vec::new();
        for start in [1, 6, 11] {
            let page = page(&format!("startIndex={start}&count=5")).await;
            assert_eq!(page["startIndex"], start);
            assert_eq!(page["totalResults"], 12);
            seen.extend(page["Resources"].as_array().expect("a list").iter().map(id));
        }
        assert_eq!(seen, made);
        let behind = page("startIndex=13&count=5").await;
        assert_eq!((&behind["totalResults"], &behind["itemsPerPage"]), (&json!(12), &json!(0)));
        assert_eq!(behind["Resources"], json!([]));
        let none = page("count=0").await;
        assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(12), &json!([])));
        let low = page("startIndex=0&count=-1").await;
        assert_eq!((&low["startIndex"], &low["itemsPerPage"]), (&json!(1), &json!(0)));
        let filtered = page("filter=userName%20sw%20%22user0%22&count=3&startIndex=9").await;
        assert_eq!((&filtered["totalResults"], &filtered["itemsPerPage"]), (&json!(10), &json!(2)));
    }

    async fn a_cursor_is_good_for_its_own_list_only(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let other = Client::connect(&house.alpha.owner, "entra").await;
        for number in 0..3 {
            client.user(&format!("user{number}")).await;
            other.user(&format!("other{number}")).await;
        }
        let first = client.get("/Users?cursor=&count=1").await.expect(200).json();
        assert!(first.get("startIndex").is_none());
        let cursor = first["nextCursor"].as_str().expect("a cursor");
        client.get(&format!("/Users?cursor={cursor}&count=2")).await.expect(200);
        client.get(&format!("/Users?cursor={cursor}x")).await.scim_refused(400, Some("invalidCursor"));
        client.get(&format!("/Users?cursor={cursor}&filter=userName%20pr")).await.scim_refused(400, Some("invalidCursor"));
        client.get(&format!("/Users?cursor={cursor}&sortBy=userName")).await.scim_refused(400, Some("invalidCursor"));
        other.get(&format!("/Users?cursor={cursor}")).await.scim_refused(400, Some("invalidCursor"));
        client.get("/Users?cursor=&count=x").await.scim_refused(400, Some("invalidCount"));
    }

    async fn abuse_47_a_walk_by_cursor_meets_everyone_once_while_others_come_and_go(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let (mut lived, mut doomed) = (Vec::new(), Vec::new());
        for number in 0..10 {
            lived.push(id(&client.user(&format!("lives{number}")).await));
            doomed.push(id(&client.user(&format!("goes{number}")).await));
        }
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = client.get(&format!("/Users?count=3&cursor={cursor}")).await.expect(200).json();
            seen.extend(page["Resources"].as_array().expect("a list").iter().map(id));
            if let Some(gone) = doomed.pop() {
                client.delete(&format!("/Users/{gone}")).await.expect(204);
            }
            if seen.len() < 15 {
                client.user(&format!("new{}", seen.len())).await;
            }
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        for user in &lived {
            assert_eq!(seen.iter().filter(|seen| *seen == user).count(), 1);
        }
    }

    async fn abuse_47_a_walk_by_index_returns_whoever_lived_throughout_once(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let mut users = Vec::new();
        for number in 0..14 {
            let body = json!({"userName": format!("u{number:02}"), "title": "T", "name": {"familyName": format!("f{number:02}")}});
            users.push(id(&client.post("/Users", body).await.expect(201).json()));
        }
        let (mut doomed, mut walks) = (users.clone(), 0);
        for order in ["", "&sortBy=userName", "&sortBy=name.familyName&filter=title%20pr"] {
            walks += 1;
            // Those it has seen, and the one where the page ended, go while it walks.
            let going = [doomed.remove(4), doomed.remove(0), doomed.remove(0)];
            let (mut seen, mut start, mut pages) = (Vec::new(), 1, 0);
            loop {
                let page = client.get(&format!("/Users?startIndex={start}&count=5{order}")).await.expect(200).json();
                assert_eq!(page["startIndex"], start);
                let found: Vec<String> = page["Resources"].as_array().expect("a list").iter().map(id).collect();
                start += found.len();
                pages += 1;
                seen.extend(found);
                if pages == 1 {
                    for gone in &going {
                        client.delete(&format!("/Users/{gone}")).await.expect(204);
                    }
                }
                // A page behind the end tells how many there are.
                let behind = client.get(&format!("/Users?startIndex=100&count=5{order}")).await.expect(200).json();
                assert_eq!((&behind["totalResults"], &behind["itemsPerPage"]), (&json!(14 - 3 * walks), &json!(0)), "{order}");
                if start > usize::try_from(page["totalResults"].as_u64().expect("a number")).expect("fits") {
                    break;
                }
            }
            for user in &doomed {
                assert_eq!(seen.iter().filter(|seen| *seen == user).count(), 1, "{order}: {seen:?}");
            }
        }
    }

    async fn a_search_by_post_answers_as_a_get_does(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        three(&client).await;
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "userName sw \"b\"",
            "attributes": ["userName"], "startIndex": 1, "count": 10});
        let found = client.post("/Users/.search", search).await.expect(200).json();
        assert_eq!(names(&found), ["bob"]);
        assert_eq!(found["Resources"][0].as_object().expect("an object").len(), 3);
    }

    async fn projections_choose_attributes_on_every_answer(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let user = three(&client).await.remove(0);
        let path = format!("/Users/{}", id(&user));
        let only = client.get(&format!("{path}?attributes=emails[type%20eq%20%22work%22]")).await.expect(200).json();
        assert_eq!(only["emails"].as_array().map(Vec::len), Some(2));
        assert!(only.get("userName").is_none() && only["id"] == user["id"]);
        let less = client.get("/Users?excludedAttributes=emails,meta").await.expect(200).json();
        assert!(less["Resources"][0].get("emails").is_none() && less["Resources"][0].get("userName").is_some());
        let posted = client.post("/Users?attributes=userName", json!({"userName": "dee"})).await.expect(201).json();
        assert!(posted.get("meta").is_none());
    }

    async fn abuse_45_a_filter_bomb_is_refused_and_the_program_lives(house: House) {
        let client = Client::connect(&house.alpha.owner, "okta").await;
        let bombs = ["(".repeat(3_000), "userName pr or ".repeat(300) + "userName pr", "x".repeat(20_000)];
        for bomb in bombs {
            let search = json!({"filter": bomb});
            client.post("/Users/.search", search).await.scim_refused(400, Some("invalidFilter"));
        }
        client.get("/Users?count=1").await.expect(200);
    }
}

//! What does not go in, and who may not.

use serde_json::{Value, json};

use super::{Desk, count, find, lines, person};

on_both_databases! {
    async fn rejected_rows_say_why_and_can_be_corrected_and_imported(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let (before, mut bad_hash, mut other_schema) = (count(owner).await, person("kim"), person("lou"));
        bad_hash["credentials"]["password"]["config"]["hashed_password"] = "secret".into();
        other_schema["schema_id"] = "missing".into();
        let rows = [
            person("eve").to_string(), "not json".to_owned(), person("ada").to_string(), bad_hash.to_string(),
            other_schema.to_string(), person("EVE").to_string(), json!({"traits": {"email": 7}}).to_string(),
            json!([1]).to_string(), person("joe").to_string(),
        ];
        desk.write("mixed.jsonl", rows.join("\n"));
        let done = desk.run("import --from ory --json mixed.jsonl").await.code(1);
        assert_eq!(done.says("7 rows rejected").counts(), [9, 2, 7, 2]);
        let rejected = desk.rejected_lines("mixed.jsonl");
        let told: Vec<(u64, &str, &str)> = rejected
            .iter()
            .map(|line| {
                let field = line["field"].as_str().or_else(|| line["conflicts"][0]["field"].as_str());
                (line["row"].as_u64().expect("a number"), line["code"].as_str().expect("a code"), field.unwrap_or_default())
            })
            .collect();
        assert_eq!(told, [
            (2, "invalid_json", ""),
            (3, "conflict", "credentials.code.identifiers"),
            (4, "invalid_request", "credentials.password.config.hashed_password"),
            (5, "schema_violation", "schema_id"),
            (6, "conflict", "credentials.code.identifiers"),
            (7, "schema_violation", "traits.email"),
            (8, "invalid_request", "identity"),
        ]);
        assert!(rejected.iter().all(|line| line["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
        assert_eq!((&rejected[0]["source"], &rejected[1]["source"]), (&json!("not json"), &person("ada")));
        assert_eq!(count(owner).await, before + 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = desk.path().join(desk.rejected("mixed.jsonl").expect("is there"));
            let mode = std::fs::metadata(file).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "it holds hashes");
        }

        // Corrected where it stands, the file is imported as it is.
        let corrected: Vec<Value> = rejected
            .into_iter()
            .filter(|line| line["row"] == 3 || line["row"] == 5)
            .map(|mut line| {
                line["source"]["schema_id"] = "default".into();
                line["source"]["traits"]["email"] = format!("corrected-{}@example.test", line["row"]).into();
                line
            })
            .collect();
        desk.write_lines("corrected.jsonl", &corrected);
        let done = desk.run("import --from ory --json corrected.jsonl").await.code(0);
        assert_eq!(done.counts(), [2, 2, 0, 0]);
        assert!(find(owner, "corrected-5@example.test").await["id"].is_string());
    }

    async fn a_dry_run_changes_nothing_and_tells_of_each_row(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let mut misfit = person("kim");
        misfit["traits"]["shoe"] = 42.into();
        let mut people: Vec<Value> = vec![person("eve"), person("ada"), misfit, person("joe")];
        // The same in another batch than the first of them.
        people.extend((0..1_000).map(|number| person(&format!("n{number}"))));
        people.push(person("Joe"));
        desk.write_lines("ory.jsonl", &people);
        let before = house.alpha.rows().await;
        let done = desk.run("import --from ory --dry-run --json --report report.jsonl ory.jsonl").await.code(1);
        assert_eq!(done.counts(), [1_005, 1_002, 3, 2]);
        let report = desk.lines("report.jsonl");
        assert_eq!(report.len(), 1_005);
        let outcome = |row: usize| (report[row - 1]["row"].clone(), report[row - 1]["outcome"].clone());
        assert_eq!(outcome(1), (json!(1), json!("would-create")));
        assert_eq!(report[1]["conflicts"][0]["field"], "credentials.code.identifiers");
        assert_eq!((outcome(3).1, &report[2]["field"]), (json!("would-reject"), &json!("traits.shoe")));
        assert_eq!((outcome(1_005).1, &report[1_004]["code"]), (json!("would-reject"), &json!("conflict")));
        assert!(desk.rejected("ory.jsonl").is_none());
        assert_eq!(house.alpha.rows().await, before, "nothing has changed");

        desk.write_lines("one.jsonl", &[person("one")]);
        let done = desk.run("import --from ory --dry-run one.jsonl").await.code(0);
        assert_eq!(lines(&done.stdout()), [json!({"row": 1, "outcome": "would-create"})]);
        done.says("1 identity would be created");
    }

    async fn a_key_that_may_not_is_refused_with_the_notice(house: House) {
        let owner = &house.alpha.owner;
        let mut desk = Desk::of(house.gateway, owner);
        desk.write_lines("ory.jsonl", &[person("eve")]);
        let before = count(owner).await;
        desk.with_key(&house.alpha.caller("viewer").await);
        for command in ["import --from ory ory.jsonl", "import --from ory --dry-run ory.jsonl", "export"] {
            let refused = desk.run(command).await.code(1);
            refused.says("policy does not allow this action; ");
            assert_eq!(refused.stdout(), "");
        }
        assert_eq!(count(owner).await, before);
        assert!(desk.rejected("ory.jsonl").is_none());
        // Who may list may export what a list shows.
        let export = desk.run("export --without-secrets").await.code(0).stdout();
        assert!(!export.contains("config"), "{export}");

        // The tenant's own policies count, and the tenant that is named.
        desk.with_key(owner);
        desk.run(&format!("import --from ory --tenant {} ory.jsonl", house.twin.id)).await.code(1).says("another tenant");
        let policy = r#"@notice("not this week") forbid(principal, action == Palisade::Action::"identity:batch", resource);"#;
        owner.put("/v1/policies/freeze", json!({"policy": policy})).await.expect(201);
        desk.run("import --from ory ory.jsonl").await.code(1).says("not this week");
        owner.delete("/v1/policies/freeze").await.expect(204);
        desk.run(&format!("import --from ory --tenant {} ory.jsonl", house.alpha.id)).await.code(0);
        for key in ["", "nonsense", &owner.key().replace("pal_", "pal_0")] {
            key.clone_into(&mut desk.key);
            desk.run("import --from ory ory.jsonl").await.code(1).says("API key");
        }
        desk.with_key(owner);
        desk.write("key", format!("{}\n", owner.key()));
        desk.key.clear();
        desk.run("export --without-secrets --key-file key").await.code(0);
    }

    async fn what_cant_be_imported_is_said_in_one_line(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        desk.write("empty.jsonl", "");
        let done = desk.run("import --from ory --json empty.jsonl").await.code(0);
        assert_eq!(done.counts(), [0, 0, 0, 0]);
        desk.write("utf16.jsonl", b"\xff\xfe{\0}\0");
        desk.write("cut.json", "{\"realm\": \"a\", \"users\": [{\"email\": \"x@example.test\"}, {\"email\"");
        desk.write("clients.json", "{\"realm\": \"a\", \"clients\": []}");
        desk.write("commas.csv", ",,\nkim@example.test,Kim,x\n");
        desk.write("fields.toml", "[fields]\nstate = \"x\"\n");
        desk.write("unclosed.csv", "email,first_name\nq1@example.test,Ann\nq2@example.test,\"Bob\nq3@example.test,Cid\n");
        desk.write("own.jsonl", format!("{}\n", person("own")));
        desk.write("bad.toml", "[fields]\nnonsense = \"x\"\n");
        for (command, word) in [
            ("import --from ory missing.jsonl", "missing.jsonl"),
            ("import --from ory .", "is not a file"),
            ("import --from ory utf16.jsonl", "UTF-16"),
            ("import --from keycloak cut.json", "ends too early"),
            ("import --from keycloak clients.json", "users"),
            // Nothing of it was kept: it does not go on with another file of rejected rows.
            ("import --from keycloak --rejected other.jsonl clients.json", "users"),
            ("import --from csv commas.csv", "names no column"),
            ("import --from csv --mapping bad.toml empty.jsonl", "nonsense"),
            ("import --from ory --mapping fields.toml empty.jsonl", "nothing else"),
            ("import --from ory --rejected own.jsonl own.jsonl", "is the file that is imported"),
            ("import --from csv unclosed.csv", "line 3 is not closed"),
        ] {
            let stderr = desk.run(command).await.code(1).says(word).stderr();
            assert!(stderr.lines().last().is_some_and(|line| line.starts_with("palisade: ")), "{stderr}");
        }
        for command in ["import empty.jsonl", "import --from nonsense empty.jsonl", "import --from ory", "export --json"] {
            desk.run(command).await.code(2);
        }
        let long = format!("{{\"traits\":\"{}\"}}\n{}\n", "x".repeat(6_000_000), person("eve"));
        desk.write("long.jsonl", long);
        let done = desk.run("import --from ory --json long.jsonl").await.code(1);
        assert_eq!(done.counts(), [2, 1, 1, 0]);
        let rejected = desk.rejected_lines("long.jsonl");
        assert_eq!(rejected[0]["code"], "body_too_large");
        // Somebody's file is not written over.
        desk.write("more.jsonl", person("joe").to_string());
        desk.write("mine.jsonl", "mine\n");
        desk.run("import --from ory --rejected mine.jsonl more.jsonl").await.code(1).says("is there already");
        assert_eq!(desk.read("mine.jsonl"), "mine\n");
        // Nor is the file itself, by the report of a rehearsal.
        let before = desk.read("more.jsonl");
        let refused = desk.run("import --from ory --dry-run --report more.jsonl more.jsonl").await;
        refused.code(1).says("is there already");
        assert_eq!(desk.read("more.jsonl"), before);
        // A report goes where a link leads as little as rejected rows do.
        desk.write("elsewhere", "");
        std::os::unix::fs::symlink("elsewhere", desk.path().join("link")).expect("is linked");
        desk.run("import --from ory --dry-run --report link more.jsonl").await.code(1).says("can't be written");
        assert_eq!(desk.read("elsewhere"), "");
    }

    async fn an_import_leaves_the_rejected_rows_of_others_alone(house: House) {
        let alpha = &house.alpha.owner;
        let (_, beta) = house.gateway.new_tenant("beta").await;
        let mut desk = Desk::of(house.gateway, alpha);
        desk.write_lines("people.jsonl", &[person("ada"), person("eve"), json!({"traits": {"email": 7}})]);
        // The same file in two tenants: each has its own rejected rows.
        desk.run("import --from ory people.jsonl").await.code(1);
        let of_alpha = desk.rejected("people.jsonl").expect("ada is there already");
        let text = desk.read(&of_alpha);
        desk.with_key(&beta);
        desk.run("import --from ory --rejected beta.jsonl people.jsonl").await.code(1);
        assert_eq!(desk.read(&of_alpha), text);

        // A finished import that begins anew does not take what stands at its file's place, its own rows included.
        std::fs::rename(desk.path().join(&of_alpha), desk.path().join("away.jsonl")).expect("is renamed");
        std::fs::rename(desk.path().join("beta.jsonl"), desk.path().join(&of_alpha)).expect("is renamed");
        let of_beta = desk.read(&of_alpha);
        desk.with_key(alpha);
        desk.run("import --from ory --again people.jsonl").await.code(1).says("is there already");
        assert_eq!(desk.read(&of_alpha), of_beta);
        std::fs::rename(desk.path().join("away.jsonl"), desk.path().join(&of_alpha)).expect("is renamed");
        desk.run("import --from ory --again people.jsonl").await.code(1).says("is there already");
        assert_eq!(desk.read(&of_alpha), text);
        let again = desk.run("import --from ory --json people.jsonl").await.code(1);
        assert_eq!(again.says("is finished already").counts(), [3, 1, 2, 1], "it has not begun anew");
    }

    async fn a_row_that_no_database_can_keep_stops_no_other(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let mut odd = person("kim");
        odd["schema_id"] = "a\u{0}b".into();
        let mut link = person("lou");
        link["credentials"]["oidc"] = json!({"config": {"providers": [{"provider": "x\u{0}y", "subject": "1"}]}});
        desk.write_lines("odd.jsonl", &[person("eve"), odd, link, person("joe")]);
        for more in ["--dry-run --report report.jsonl ", ""] {
            let done = desk.run(&format!("import --from ory --json {more}odd.jsonl")).await.code(1);
            assert_eq!(done.counts(), [4, 2, 2, 0]);
        }
        let rejected = desk.rejected_lines("odd.jsonl");
        assert_eq!((&rejected[0]["row"], &rejected[0]["field"]), (&json!(2), &json!("schema_id")));
        assert_eq!(rejected[1]["row"], 3);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(desk.path().join("report.jsonl")).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    async fn what_is_no_utf_8_goes_in_when_it_is_corrected_and_not_before(house: House) {
        let owner = &house.alpha.owner;
        let desk = Desk::of(house.gateway, owner);
        let before = count(owner).await;
        desk.write("old.jsonl", b"{\"traits\":{\"email\":\"mo@example.test\",\"name\":{\"first\":\"M\xfcller\"}}}\n");
        desk.write("old.csv", b"email,first_name\nmia@example.test,M\xfcller\n");
        for (format, file, source) in [
            ("ory", "old.jsonl", json!({"traits": {"email": "mo@example.test", "name": {"first": "M\u{fc}ller"}}})),
            ("csv", "old.csv", json!({"email": "mia@example.test", "first_name": "M\u{fc}ller"})),
        ] {
            desk.run(&format!("import --from {format} {file}")).await.code(1);
            let rejected = desk.rejected_lines(file);
            let was = rejected[0]["source_base64"].as_str().expect("as it was").to_owned();
            assert!(rejected[0]["source"].is_null());
            // As it is, it is refused again, and nothing of it is lost.
            desk.write_lines("again.jsonl", &rejected);
            let done = desk.run(&format!("import --from {format} --json --rejected {file}.2 again.jsonl")).await.code(1);
            assert_eq!(done.counts(), [1, 0, 1, 0]);
            let mut again = desk.lines(&format!("{file}.2"));
            assert_eq!((&again[0]["field"], &again[0]["source_base64"]), (&json!("source"), &json!(was)));
            again[0]["source"] = source;
            desk.write_lines("corrected.jsonl", &again);
            desk.run(&format!("import --from {format} corrected.jsonl")).await.code(0);
        }
        assert_eq!(count(owner).await, before + 2);
        for email in ["mo@example.test", "mia@example.test"] {
            assert_eq!(find(owner, email).await["traits"]["name"]["first"], "M\u{fc}ller");
        }
    }

    async fn what_is_refused_to_many_rows_is_one_row_of_the_trail(house: House) {
        let (_, owner) = house.gateway.new_tenant("refused").await;
        let desk = Desk::of(house.gateway, &owner);
        let policy = r#"forbid(principal, action == Palisade::Action::"external_identity:link", resource);"#;
        owner.put("/v1/policies/unlinked", json!({"policy": policy})).await.expect(201);
        let people: Vec<Value> = (0..100)
            .map(|number| {
                let mut person = person(&format!("p{number}"));
                person["credentials"]["oidc"] = json!({"config": {"providers": [{"provider": "corp", "subject": number.to_string()}]}});
                person
            })
            .collect();
        desk.write_lines("people.jsonl", &people);
        let done = desk.run("import --from ory --json people.jsonl").await.code(1);
        assert_eq!(done.counts(), [100, 0, 100, 0]);
        let trail = owner.all("/v1/audit-events?action=external_identity:link&page_size=500").await;
        let counts: Vec<_> = trail.iter().map(|event| event["details"]["count"].clone()).collect();
        assert_eq!(counts, [json!(100)], "{trail:?}");
    }
}

use super::*;

impl Mapping {
    /// The mapping of this text.
    pub(in super::super) fn of(text: &str) -> Self {
        Self::parse(text.to_owned()).expect("a mapping")
    }
}

fn of(text: &str) -> Mapping {
    Mapping::of(text)
}

#[test]
fn fields_become_what_the_file_says() {
    let mapping = of(r#"
        delimiter = ";"
        [fields]
        id = "uuid"
        external_id = "no"
        state = { from = "on", values = { ja = "active", nein = "inactive" } }
        created_at = "since"
        verified = "ok"
        password_hash = "hash"
        "traits.email" = "mail"
        "traits.age" = { from = "age", type = "integer" }
        "traits.tags" = { from = "tags", type = "list", separator = "|" }
        "metadata_admin.x" = { from = "json", type = "json" }
        "oidc.github" = "gh"
        "oidc.google" = "gg"
        [constants]
        "traits.department" = "support"
        schema_id = "employee"
    "#);
    assert_eq!(mapping.delimiter(), b';');
    let source = json!({
        "uuid": "7f0d3c52-93a5-4b0c-8a51-0f2b7a0d1c11", "no": "17", "on": "nein", "since": "2020-02-03", "ok": "yes",
        "hash": "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq", "mail": "a@example.org",
        "age": " 42", "tags": "a| b |", "json": "{\"y\": 1}", "gh": "42", "gg": "", "unused": "x",
    });
    let mut record = Record::default();
    mapping.apply(&source, &mut record).expect("fits");
    let identity = record.finish().expect("is one");
    assert!(identity.id.is_some());
    let create = &identity.create;
    assert_eq!(create.external_id.as_deref(), Some("17"));
    assert_eq!(create.schema_id(), "employee");
    assert_eq!(create.state.map(|state| state.as_str()), Some("inactive"));
    let traits =
        json!({"email": "a@example.org", "age": 42, "tags": ["a", "b"], "department": "support"});
    assert_eq!(create.traits, Some(traits));
    assert_eq!(create.metadata_admin, Some(json!({"x": {"y": 1}})));
    assert_eq!(identity.seen.verified_email, Some(true));
    assert_eq!(create.credentials.oidc.as_ref().map(Vec::len), Some(1));
    assert!(create.credentials.password.is_some());
    assert_eq!(
        identity.seen.created_at.map(|time| time.timestamp()),
        Some(1_580_688_000)
    );
}

#[test]
fn a_value_that_does_not_fit_names_its_field() {
    for (field, value, name) in [
        (
            "\"traits.age\" = { from = \"x\", type = \"integer\" }",
            "old",
            "traits.age",
        ),
        ("state = \"x\"", "maybe", "state"),
        ("verified = \"x\"", "perhaps", "verified"),
        ("created_at = \"x\"", "soon", "created_at"),
        (
            "\"traits.j\" = { from = \"x\", type = \"json\" }",
            "{",
            "traits.j",
        ),
    ] {
        let mapping = of(&format!("[fields]\n{field}\n"));
        let error = mapping
            .apply(&json!({ "x": value }), &mut Record::default())
            .expect_err(name);
        assert_eq!(error.envelope().details["field"], name);
    }
}

#[test]
fn a_file_that_says_nothing_sensible_is_refused() {
    for (text, word) in [
        ("[fields]\nnonsense = \"a\"", "nonsense"),
        ("[fields]\n\"traits\" = \"a\"", "traits"),
        ("[fields]\nid = { from = \"a\", kind = \"b\" }", "fields.id"),
        ("fields = 3", "line 1: expected a map"),
        ("delimiter = \"ab\"", "line 1: expected a character"),
        ("delimiter = '\"'", "delimiter"),
        ("without = [\"id\"]", "without"),
        (
            "[constants]\n\"traits.since\" = 2020-01-01",
            "constants.traits.since",
        ),
        (
            "[providers]\n\"Acme Corp\" = \"Acme\"",
            "providers.Acme Corp",
        ),
        (
            "[providers]\n\"A\" = \"acme\"\n\"B\" = \"acme\"",
            "the same `acme`",
        ),
    ] {
        let reason = Mapping::parse(text.to_owned()).expect_err(word);
        assert!(reason.contains(word), "{reason}");
    }
}

#[test]
fn what_stands_in_a_file_that_is_no_mapping_is_not_told() {
    for text in [
        "# a\npal_S3cr3t\n",
        "# a\nkey: $2a$10$S3cr3t",
        "# a\n{\"k\": \"S3cr3t\"}",
    ] {
        let reason = Mapping::parse(text.to_owned()).expect_err(text);
        assert!(!reason.contains("S3cr3t"), "{reason}");
        assert!(reason.starts_with("line 2: "), "{reason}");
    }
    for text in [
        "delimiter = \"S3cr3t, expected\"",
        "without = \"S3cr3t\"",
        "[fields]\nid = [\"S3cr3t\"]",
    ] {
        let reason = Mapping::parse(text.to_owned()).expect_err(text);
        assert!(!reason.contains("S3cr3t"), "{reason}");
        assert!(reason.contains("expected"), "{reason}");
    }
}

#[test]
fn accounts_of_ory_are_at_the_providers_that_the_mapping_names() {
    let row = br#"{"traits": {}, "credentials": {"oidc": {"config": {"providers":
        [{"provider": "GitHub", "subject": "1"}, {"provider": "google", "subject": "2"}]}}}}"#;
    let read = || palisade_identity::decode::imported(row).expect("is read");
    let mapping = of("[providers]\nGitHub = \"github\"");
    assert!(mapping.only_providers());
    let accounts = mapping.named(read()).expect("is known").create.credentials;
    let names = accounts.oidc.into_iter().flatten();
    let names: Vec<String> = names.map(|account| account.provider).collect();
    assert_eq!(names, ["github", "google"]);
    let error = Mapping::default().named(read()).expect_err("no name here");
    let field = &error.envelope().details["field"];
    assert_eq!(field, "credentials.oidc.config.providers.0.provider");
    for more in [
        "delimiter = \";\"",
        "without = [\"traits\"]",
        "[constants]\nstate = \"active\"",
    ] {
        assert!(!of(more).only_providers(), "{more}");
    }
}

#[test]
fn a_number_that_is_too_long_is_no_id() {
    let source: Value =
        serde_json::from_str(r#"{"x": 123456789012345678901234, "y": 7}"#).expect("JSON");
    for target in [
        "external_id = \"x\"",
        "\"oidc.github\" = \"x\"",
        "external_id = { from = \"x\", type = \"text\" }",
    ] {
        let mapping = of(&format!("[fields]\n{target}"));
        mapping
            .apply(&source, &mut Record::default())
            .expect_err(target);
    }
    let mut record = Record::default();
    of("[fields]\nexternal_id = \"y\"")
        .apply(&source, &mut record)
        .expect("fits");
    let external_id = record.finish().expect("is one").create.external_id;
    assert_eq!(external_id.as_deref(), Some("7"));
}

#[test]
fn two_providers_never_become_one() {
    let mapping = of("[providers]\n\"Acme Corp\" = \"acme\"\nAzure = \"entra\"");
    let name = |name| mapping.provider(name, "at").map_err(|error| error.code());
    assert_eq!(name("Acme Corp").as_deref(), Ok("acme"));
    assert_eq!(name("Azure").as_deref(), Ok("entra"));
    assert_eq!(name("github").as_deref(), Ok("github"));
    for refused in ["acme", "Acme", "acme+corp", "GitHub", ""] {
        let error = mapping.provider(refused, "at").expect_err(refused);
        assert_eq!(error.envelope().details["field"], "at", "{refused}");
    }
}

#[test]
fn a_header_that_does_not_fit_is_told_without_what_stands_in_it() {
    let columns = ["k@example.test".to_owned(), "S3cr3t".to_owned()];
    for mut mapping in [Mapping::default(), of("[fields]\nid = \"Number\"")] {
        let failure = mapping.of_columns(&columns).expect_err("does not fit");
        let failure = failure.to_string();
        assert!(
            !failure.contains("S3cr3t") && !failure.contains("k@"),
            "{failure}"
        );
        assert!(
            failure.contains("of 2 is") || failure.contains("`Number`"),
            "{failure}"
        );
    }
}

#[test]
fn rejected_rows_of_csv_are_fitted_each_by_itself() {
    let row = |value: Value| value.as_object().expect("an object").clone();
    let field = |mapping: &Mapping, value: Value| {
        let error = mapping.of_row(&row(value)).expect_err("does not fit");
        error.envelope().details["field"].clone()
    };
    let names = Mapping::default();
    let source = json!({"email": "a@example.org", "last_name": "B"});
    let mut record = Record::default();
    let fitted = names.of_row(&row(source.clone())).expect("fits");
    fitted.apply(&source, &mut record).expect("fits");
    let traits = record.finish().expect("is one").create.traits;
    assert_eq!(
        traits,
        Some(json!({"email": "a@example.org", "name": {"last": "B"}}))
    );
    assert_eq!(field(&names, json!({})), "row");
    assert_eq!(field(&names, json!({"email": "a", "shoe": "1"})), "shoe");
    assert_eq!(field(&names, json!({"email": "a", EXCESS: ["1"]})), EXCESS);
    let given = of("[fields]\n\"traits.email\" = \"Mail\"");
    given
        .of_row(&row(json!({"Mail": "a", "x": "1"})))
        .expect("fits");
    assert_eq!(field(&given, json!({"x": "1"})), "Mail");
}

#[test]
fn a_type_counts_for_what_is_no_text_too() {
    let of = |kind: &str, value: Value| {
        let mapping = of(&format!(
            "[fields]\n\"traits.x\" = {{ from = \"x\", type = \"{kind}\" }}"
        ));
        let mut record = Record::default();
        let applied = mapping.apply(&json!({ "x": value }), &mut record);
        applied.map(|()| record.finish().expect("is one").create.traits)
    };
    assert_eq!(
        of("text", json!(42)).expect("fits"),
        Some(json!({"x": "42"}))
    );
    assert_eq!(
        of("list", json!([1])).expect("fits"),
        Some(json!({"x": [1]}))
    );
    for (kind, value) in [
        ("text", json!([1])),
        ("integer", json!(1.5)),
        ("list", json!(1)),
    ] {
        of(kind, value).expect_err(kind);
    }
}

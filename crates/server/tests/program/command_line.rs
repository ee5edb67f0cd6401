//! The program from outside: exit codes, messages, what goes where.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::{Data, palisade};

#[test]
fn called_wrongly_it_exits_with_2_and_help_with_0() {
    for arguments in [
        &[][..],
        &["serv"],
        &["key", "create"],
        &["key", "create", "--tenant", "demo"],
        &["key", "create", "--tenant", "demo", "--role", "operator"],
        &[
            "key",
            "create",
            "--tenant",
            "demo",
            "--operator",
            "--role",
            "owner",
        ],
        &["key", "create", "--operator", "--role", "owner"],
        &["key", "create", "--operator", "--expires-in", "soon"],
        &["key", "list"],
        &["tenant", "create"],
        &["quickstart", "--listen", "4434"],
    ] {
        let done = palisade().args(arguments).output().expect("runs");
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        assert!(
            done.stdout.is_empty() && !done.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    let help = palisade().arg("--help").output().expect("runs");
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("quickstart"));
}

#[test]
fn a_failure_is_exit_code_1_and_one_line_on_stderr() {
    let cases = [
        (
            "PALISADE__SERVER__LISEN",
            "127.0.0.1:1",
            "did you mean `PALISADE__SERVER__LISTEN`?",
        ),
        (
            "PALISADE__SERVER__WORKERS",
            "many",
            "must be a whole number",
        ),
        ("PALISADE__DATABASE__URL_FILE", "/none/here", "/none/here"),
    ];
    for (variable, value, said) in cases {
        for arguments in [&["config", "check"][..], &["serve"], &["tenant", "list"]] {
            let done = palisade()
                .args(arguments)
                .env(variable, value)
                .output()
                .expect("runs");
            let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
            assert_eq!(done.status.code(), Some(1), "{stderr}");
            assert!(done.stdout.is_empty());
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
            assert!(
                stderr.starts_with("palisade: ") && stderr.contains(said),
                "{stderr}"
            );
        }
    }
    let done = palisade()
        .args(["config", "check", "--config", "/none/palisade.toml"])
        .output()
        .expect("runs");
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("/none/palisade.toml"));
}

#[test]
fn the_configuration_is_printed_without_its_secrets() {
    let data = Data::new();
    let secret = data.path().join("url");
    fs::write(&secret, "postgres://palisade:hunter2@db:5432/palisade\n").expect("written");
    let file = data.path().join("palisade.toml");
    fs::write(&file, "[log]\nformat = \"json\"\n").expect("written");
    let done = palisade()
        .args(["config", "print", "--config"])
        .arg(&file)
        .env("PALISADE__DATABASE__URL_FILE", &secret)
        .env("PALISADE_TEST_POSTGRES", "postgres://elsewhere")
        .output()
        .expect("runs");
    let printed = String::from_utf8(done.stdout).expect("utf-8");
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(
        printed.contains("postgres://palisade:***@db:5432/palisade")
            && !printed.contains("hunter2"),
        "{printed}"
    );
    assert!(printed.contains("format = \"json\""), "{printed}");
}

#[test]
fn the_openapi_document_needs_no_configuration() {
    let done = palisade()
        .arg("openapi")
        .env("PALISADE__LOG__LEVEL", "loud")
        .output()
        .expect("runs");
    assert_eq!(done.status.code(), Some(0));
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert!(
        document["openapi"]
            .as_str()
            .expect("a version")
            .starts_with("3.1")
    );
}

#[test]
fn serve_refuses_a_database_without_its_migrations_and_says_how_to_apply_them() {
    let data = Data::new();
    let done = data.palisade().arg("serve").output().expect("runs");
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("run `palisade migrate up`"), "{stderr}");

    let status = data.succeed(&["migrate", "status"]);
    assert!(
        !status.is_empty() && status.lines().all(|line| line.starts_with("missing\t")),
        "{status}"
    );
    let applied = data.succeed(&["migrate", "up"]);
    assert_eq!(applied.lines().count(), status.lines().count());
    assert_eq!(data.succeed(&["migrate", "up"]), "");
    assert!(
        data.succeed(&["migrate", "status"])
            .lines()
            .all(|line| line.starts_with("applied\t"))
    );
}

#[test]
fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let done = palisade()
        .args(["tenant", "list"])
        .env(
            "PALISADE__DATABASE__URL",
            "postgres://palisade:hunter2@127.0.0.1:1/palisade",
        )
        .output()
        .expect("runs");
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains("database.url") && !stderr.contains("hunter2"),
        "{stderr}"
    );
}

#[test]
fn tenants_are_created_listed_suspended_and_resumed() {
    let data = Data::migrated();
    let created = data.json(&[
        "tenant",
        "create",
        "--name",
        "acme",
        "--display-name",
        "Acme Ltd",
        "--json",
    ]);
    assert_eq!(
        (created["name"].as_str(), created["display_name"].as_str()),
        (Some("acme"), Some("Acme Ltd"))
    );
    let id = created["id"].as_str().expect("an id").to_owned();
    let plain = data.succeed(&["tenant", "create", "--name", "globex"]);
    assert_eq!(plain.trim().len(), 36);

    let state = |name: &str| {
        let listed = data.json(&["tenant", "list", "--json"]);
        let tenants = listed["data"].as_array().expect("tenants").clone();
        let found = tenants
            .into_iter()
            .find(|tenant| tenant["name"] == name)
            .expect("listed");
        found["state"].as_str().expect("a state").to_owned()
    };
    data.succeed(&["tenant", "suspend", "acme"]);
    assert_eq!(
        (state("acme").as_str(), state("globex").as_str()),
        ("suspended", "active")
    );
    data.succeed(&["tenant", "resume", &id]);
    assert_eq!(state("acme"), "active");
    assert!(
        data.succeed(&["tenant", "list"])
            .contains(&format!("{id}\tacme\tactive\tAcme Ltd\n"))
    );

    for (arguments, said) in [
        (&["tenant", "create", "--name", "acme"][..], "name"),
        (&["tenant", "create", "--name", "admin"], "admin"),
        (&["tenant", "create", "--name", "Not A Slug"], "name"),
        (&["tenant", "suspend", "nobody"], "palisade tenant list"),
        (
            &["tenant", "resume", "018f4b1e-0000-7000-8000-000000000001"],
            "palisade tenant list",
        ),
        (
            &["key", "create", "--tenant", "nobody", "--role", "owner"],
            "palisade tenant list",
        ),
        (
            &[
                "key",
                "create",
                "--tenant",
                "018f4b1e-0000-7000-8000-000000000001",
                "--role",
                "owner",
            ],
            "not",
        ),
    ] {
        let stderr = data.fail(arguments);
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn keys_are_created_listed_and_revoked() {
    let data = Data::migrated();
    let tenant = data.json(&["tenant", "create", "--name", "acme", "--json"]);
    let made = data.json(&[
        "key", "create", "--tenant", "acme", "--role", "viewer", "--role", "editor", "--json",
    ]);
    assert_eq!(made["tenant_id"], tenant["id"]);
    assert_eq!(made["roles"].as_array().expect("roles").len(), 2);
    assert!(
        made["secret"]
            .as_str()
            .expect("a secret")
            .starts_with("pal_")
    );
    let secret = data.succeed(&[
        "key",
        "create",
        "--tenant",
        "acme",
        "--role",
        "owner",
        "--name",
        "ci",
        "--expires-in",
        "90d",
    ]);
    assert!(secret.starts_with("pal_") && secret.lines().count() == 1);
    let operator = data.json(&["key", "create", "--operator", "--json"]);
    assert!(
        operator["secret"]
            .as_str()
            .expect("a secret")
            .starts_with("pal_")
    );

    let id = made["id"].as_str().expect("an id").to_owned();
    let listed = data.succeed(&["key", "list", "--tenant", "acme"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with(&id) && line.ends_with("\tactive")),
        "{listed}"
    );
    assert!(
        !listed.contains("pal_") && listed.contains("\tci\towner\t"),
        "{listed}"
    );
    let json = data
        .json(&["key", "list", "--tenant", "acme", "--json"])
        .to_string();
    assert!(!json.contains("secret"), "{json}");
    assert_eq!(
        data.succeed(&["key", "list", "--operator"]).lines().count(),
        1
    );

    // Through another tenant a key can't be named.
    data.succeed(&["tenant", "create", "--name", "globex"]);
    assert!(
        data.fail(&["key", "revoke", "--tenant", "globex", &id])
            .contains("palisade key list")
    );
    data.succeed(&["key", "revoke", "--tenant", "acme", &id]);
    let listed = data.succeed(&["key", "list", "--tenant", "acme"]);
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with(&id) && line.ends_with("\trevoked")),
        "{listed}"
    );
    assert!(
        data.fail(&["key", "revoke", "--tenant", "acme", "not-an-id"])
            .contains("palisade key list")
    );
}

#[test]
fn a_key_is_rotated_and_the_old_one_ends_with_its_overlap() {
    let data = Data::migrated();
    data.succeed(&["tenant", "create", "--name", "acme"]);
    let made = data.json(&[
        "key", "create", "--tenant", "acme", "--role", "viewer", "--name", "ci", "--json",
    ]);
    let old = made["id"].as_str().expect("an id");
    let next = data.json(&["key", "rotate", "--tenant", "acme", old, "--json"]);
    assert_eq!(
        (&next["replaces"], &next["name"], &next["roles"]),
        (&made["id"], &made["name"], &made["roles"])
    );
    assert_ne!(next["secret"], made["secret"]);
    let listed = data.succeed(&["key", "list", "--tenant", "acme"]);
    let state = |id: &str| {
        let line = listed.lines().find(|line| line.starts_with(id));
        line.expect("is listed").rsplit('\t').next() == Some("active")
    };
    assert!(state(old) && state(next["id"].as_str().expect("an id")));
    // A key is rotated once; its successor is next.
    data.fail(&["key", "rotate", "--tenant", "acme", old]);
    let next = next["id"].as_str().expect("an id");
    let secret = data.succeed(&["key", "rotate", "--tenant", "acme", next, "--overlap", "0s"]);
    assert!(secret.starts_with("pal_") && secret.lines().count() == 1);
    let listed = data.succeed(&["key", "list", "--tenant", "acme"]);
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with(next) && line.ends_with("\trevoked")),
        "{listed}"
    );
    let operators = data.json(&["key", "create", "--operator", "--json"]);
    let id = operators["id"].as_str().expect("an id");
    data.succeed(&["key", "rotate", "--operator", id]);
    assert!(
        data.fail(&["key", "rotate", "--tenant", "acme", id])
            .contains("palisade key list")
    );
    let too_long = data
        .palisade()
        .args(["key", "rotate", "--tenant", "acme", next, "--overlap", "8d"])
        .output();
    assert_eq!(too_long.expect("runs").status.code(), Some(2));
}

#[test]
fn the_database_of_one_user_is_not_readable_by_others() {
    let data = Data::migrated();
    let mode = fs::metadata(data.path().join("palisade.db"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o002, 0, "writable by everyone");
}

//! The arrows between the crates, and which rooms may use which library, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::program;

/// Each crate and the crates of the house that it may depend on, in any kind of dependency.
const ARROWS: &[(&str, &[&str])] = &[
    ("envelope", &[]),
    ("identity", &["envelope"]),
    ("tenancy", &["envelope", "identity"]),
    ("linking", &["envelope", "identity"]),
    ("outbound", &[]),
    ("scim", &["envelope", "identity"]),
    ("authz", &["envelope", "identity", "tenancy"]),
    ("migrations", &[]),
    (
        "store",
        &[
            "envelope",
            "identity",
            "tenancy",
            "linking",
            "scim",
            "authz",
            "migrations",
        ],
    ),
    (
        "http",
        &[
            "envelope", "identity", "tenancy", "linking", "outbound", "scim", "authz", "store",
        ],
    ),
    (
        "server",
        &[
            "envelope", "identity", "tenancy", "linking", "outbound", "scim", "authz", "store",
            "http",
        ],
    ),
    (
        "bench",
        &[
            "envelope",
            "identity",
            "tenancy",
            "linking",
            "outbound",
            "scim",
            "authz",
            "migrations",
            "store",
            "http",
            "server",
        ],
    ),
    ("tests", &[]),
];

/// Libraries, by how their names begin, and the only crates that may use them.
const ROOMS: &[(&str, &[&str])] = &[
    ("actix", &["tenancy", "http", "server", "bench"]),
    ("sea-orm", &["store", "migrations", "tests", "bench"]),
    ("sqlx", &["store", "bench"]),
    ("cedar-policy", &["authz"]),
    ("jsonwebtoken", &["tenancy", "store", "tests"]),
];

const PREFIX: &str = "palisade-";

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(program::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo can read the workspace")
}

#[test]
fn arrows_between_crates_point_down_only() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for package in metadata().packages {
        let name = package
            .name
            .strip_prefix(PREFIX)
            .expect("crates of the house are called palisade-..")
            .to_owned();
        let allowed = arrows
            .get(name.as_str())
            .unwrap_or_else(|| panic!("where in the house is `{name}`?"));
        for dependency in &package.dependencies {
            let Some(on) = dependency.name.strip_prefix(PREFIX) else {
                continue;
            };
            assert!(allowed.contains(&on), "`{name}` must not depend on `{on}`");
        }
        seen.insert(name);
    }
    assert_eq!(
        seen.len(),
        ARROWS.len(),
        "a crate of the table is gone: {seen:?}"
    );
}

#[test]
fn the_table_of_arrows_has_no_cycle() {
    let mut placed = BTreeSet::new();
    for (name, on) in ARROWS {
        assert!(
            on.iter().all(|on| placed.contains(on)),
            "`{name}` stands above something that it depends on"
        );
        placed.insert(*name);
    }
}

#[test]
fn libraries_are_used_in_their_own_rooms_only() {
    let mut used = BTreeSet::new();
    for package in metadata().packages {
        let name = package
            .name
            .strip_prefix(PREFIX)
            .expect("crates of the house are called palisade-..")
            .to_owned();
        for dependency in &package.dependencies {
            let Some((library, rooms)) = ROOMS
                .iter()
                .find(|(library, _)| dependency.name.starts_with(library))
            else {
                continue;
            };
            assert!(
                rooms.contains(&name.as_str()),
                "`{name}` must not use `{}`",
                dependency.name
            );
            let behind_a_feature = *library != "actix" || name != "tenancy" || dependency.optional;
            assert!(
                behind_a_feature,
                "`tenancy` may use `{}` behind a feature only",
                dependency.name
            );
            used.insert(*library);
        }
    }
    for library in ["actix", "sea-orm", "cedar-policy"] {
        assert!(
            used.contains(library),
            "nobody uses `{library}`: is the table of rooms out of date?"
        );
    }
}

#[test]
fn every_crate_keeps_to_the_lints_of_the_house_and_has_a_telling_name() {
    for package in metadata().packages {
        let manifest =
            std::fs::read_to_string(&package.manifest_path).expect("a manifest can be read");
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "`{}` has lints of its own",
            package.name
        );
        let name = package.name.strip_prefix(PREFIX).unwrap_or_default();
        assert!(
            !["common", "core", "util", "utils"].contains(&name),
            "`{name}` says nothing"
        );
    }
}

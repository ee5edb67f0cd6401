use super::*;

#[test]
fn a_patch_changes_what_it_names_and_nothing_else() {
    let current = ada();
    let next = patched(
        &current,
        json!([
            { "op": "test", "path": "/traits/email", "value": "Ada@Example.org" },
            { "op": "add", "path": "/traits/name/first", "value": "Ada" },
            { "op": "replace", "path": "/state", "value": "inactive" },
            { "op": "add", "path": "/metadata_admin/vip", "value": true },
            { "op": "replace", "path": "/external_id", "value": "hr-1" },
            { "op": "copy", "from": "/traits/name", "path": "/metadata_public" },
            { "op": "replace", "path": "/verifiable_addresses/0/verified", "value": true },
        ]),
    )
    .expect("is patched")
    .identity;
    assert_eq!(
        next.traits.to_value(),
        json!({ "email": "Ada@Example.org", "name": { "first": "Ada" } })
    );
    assert_eq!(
        (next.state, next.state_changed_at, next.revision),
        (State::Inactive, at(10), 2)
    );
    assert_eq!(
        next.metadata_admin.map(|metadata| metadata.to_value()),
        Some(json!({ "vip": true }))
    );
    assert_eq!(
        next.metadata_public.map(|metadata| metadata.to_value()),
        Some(json!({ "first": "Ada" }))
    );
    assert_eq!(next.external_id.as_deref(), Some("hr-1"));
    let address = &next.verifiable_addresses[0];
    assert_eq!(
        (address.verified, address.verified_at),
        (true, Some(at(10)))
    );
    assert_eq!(
        address.status, "pending",
        "the status is only made where it is empty"
    );
    assert_eq!(address.id, current.verifiable_addresses[0].id);
    assert_eq!(next.credentials, current.credentials);
}

#[test]
fn the_organization_that_an_address_breaks_the_glass_for_is_imported_kept_and_patched() {
    let organization = "018f4b1e-0000-7000-8000-000000000001";
    let of = |identity: &Identity| {
        let address = &identity.recovery_addresses[0];
        address
            .break_glass_for_organization
            .map(|id| id.to_string())
    };
    let made = created(json!({
        "traits": { "email": "ada@example.org" },
        "recovery_addresses": [
            { "value": "Ada@example.org", "via": "email", "break_glass_for_organization": organization },
        ],
    }))
    .expect("is created")
    .identity;
    assert_eq!(of(&made).as_deref(), Some(organization));
    let kept = replaced(&made, json!({ "traits": { "email": "ada@example.org" } }));
    assert_eq!(
        kept.expect("is replaced").identity.recovery_addresses,
        made.recovery_addresses
    );
    let path = "/recovery_addresses/0/break_glass_for_organization";
    let none = patched(
        &made,
        json!([{ "op": "replace", "path": path, "value": null }]),
    );
    assert_eq!(of(&none.expect("is patched").identity), None);
    let wrong = patched(
        &made,
        json!([{ "op": "replace", "path": path, "value": "x" }]),
    );
    assert_eq!(
        field(&wrong.expect_err("is refused")),
        "recovery_addresses.0.break_glass_for_organization"
    );
}

#[test]
fn taking_the_verification_back_removes_its_time() {
    let verified = patched(
        &ada(),
        json!([{ "op": "replace", "path": "/verifiable_addresses/0/verified", "value": true }]),
    );
    let verified = verified.expect("is patched").identity;
    let back = patched(
        &verified,
        json!([{ "op": "replace", "path": "/verifiable_addresses/0/verified", "value": false }]),
    );
    assert_eq!(
        back.expect("is patched").identity.verifiable_addresses[0].verified_at,
        None
    );
}

#[test]
fn an_empty_or_removed_external_id_is_none() {
    let current = Identity {
        external_id: Some("hr-1".to_owned()),
        ..ada()
    };
    for operation in [
        json!({ "op": "replace", "path": "/external_id", "value": "" }),
        json!({ "op": "remove", "path": "/external_id" }),
    ] {
        assert_eq!(
            patched(&current, json!([operation]))
                .expect("is patched")
                .identity
                .external_id,
            None
        );
    }
}

#[test]
fn abuse_04_a_patch_can_not_move_copy_test_or_write_what_the_server_keeps() {
    let current = ada();
    let denied = [
        "/id",
        "/ID",
        "/tenant_id",
        "/credentials",
        "/credentials/password/config/hashed_password",
        "/Credentials/oidc",
        "/created_at",
        "/updated_at",
        "/state_changed_at",
        "/stateChangedAt",
        "/statechangedat",
        "/schema_url",
        "",
        "/revision",
        "/Traits/email",
        "/credentials~1oidc",
        "/tra%69ts",
    ];
    for path in denied {
        for operation in [
            json!({ "op": "add", "path": path, "value": "x" }),
            json!({ "op": "replace", "path": path, "value": {} }),
            json!({ "op": "remove", "path": path }),
            json!({ "op": "test", "path": path, "value": null }),
            json!({ "op": "move", "from": path, "path": "/metadata_public" }),
            json!({ "op": "copy", "from": path, "path": "/metadata_public" }),
            json!({ "op": "move", "from": "/traits/email", "path": path }),
            json!({ "op": "copy", "from": "/traits/email", "path": path }),
        ] {
            assert_eq!(
                patched(&current, json!([operation]))
                    .expect_err(path)
                    .code(),
                Code::InvalidPatch
            );
        }
    }
    let error = patched(
        &current,
        json!([{ "op": "remove", "path": "/credentials" }]),
    )
    .expect_err("is denied");
    assert_eq!(
        error.envelope().message,
        "patch includes denied path: /credentials"
    );
}

#[test]
fn a_patch_that_leaves_wrong_values_is_refused_by_name() {
    let current = ada();
    for (operation, name) in [
        (
            json!({ "op": "replace", "path": "/state", "value": "gone" }),
            "state",
        ),
        (json!({ "op": "remove", "path": "/state" }), "state"),
        (
            json!({ "op": "replace", "path": "/traits", "value": null }),
            "traits",
        ),
        (
            json!({ "op": "replace", "path": "/schema_id", "value": 1 }),
            "schema_id",
        ),
        (
            json!({ "op": "replace", "path": "/organization_id", "value": "x" }),
            "organization_id",
        ),
        (
            json!({ "op": "replace", "path": "/external_id", "value": "x".repeat(65) }),
            "external_id",
        ),
        (
            json!({ "op": "replace", "path": "/verifiable_addresses/0/via", "value": "fax" }),
            "verifiable_addresses.0.via",
        ),
        (
            json!({ "op": "replace", "path": "/region", "value": "mars" }),
            "region",
        ),
        (
            json!({ "op": "remove", "path": "/traits/email" }),
            "traits.email",
        ),
        (
            json!({ "op": "replace", "path": "/traits/email", "value": 1 }),
            "traits.email",
        ),
    ] {
        assert_eq!(
            field(&patched(&current, json!([operation])).expect_err("is refused")),
            name
        );
    }
}

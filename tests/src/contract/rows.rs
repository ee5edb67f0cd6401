//! The rows of the contract, each with the tests that are named after it.

use std::{collections::BTreeSet, fs, path::Path};

/// Endpoint or table, what the row says, and the tests that show it.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &[&str])] = &[
    ("transport", "GETs are never kept; media types, last line", &["transport_a_get_is_never_kept_and_json_is_utf_8_and_ends_with_a_line"]),
    ("transport", "the error envelope and `Ory-Error-Id`", &["transport_an_error_has_orys_envelope_and_names_itself_in_a_header"]),
    ("transport", "405 with `Allow`", &["transport_a_method_that_a_path_does_not_know_is_405_with_allow"]),
    ("transport", "5 MiB of body", &["bodies_are_limited_to_five_mebibytes_on_admin_and_one_elsewhere"]),
    ("GET /admin/identities", "page_size", &["list_page_size_is_250_by_default_500_at_most_and_a_number"]),
    ("GET /admin/identities", "repeated keys, no comma lists", &["list_many_values_are_repeated_keys_and_never_comma_lists"]),
    ("GET /admin/identities", "filters exclude each other; empty ones are ignored", &[
        "list_filters_that_name_identities_exclude_each_other_and_all_others_go_together",
    ]),
    ("GET /admin/identities", "ids", &["list_ids_are_500_uuids_at_most_in_one_page_and_unknown_ones_are_ignored"]),
    ("GET /admin/identities", "organization_id", &["list_organization_id_is_a_uuid_and_an_unknown_one_has_nobody"]),
    ("GET /admin/identities", "credentials_identifier", &[
        "list_credentials_identifier_is_exact_in_normal_form_and_raw_for_accounts",
        "list_credentials_identifier_finds_webauthn_in_normal_form_saml_raw_and_never_passkeys_seeds_or_codes",
    ]),
    ("GET /admin/identities", "preview_credentials_identifier_similar", &["list_similar_is_a_prefix_whose_characters_stand_for_themselves"]),
    ("GET /admin/identities", "include_credential", &["list_include_credential_shows_the_config_of_the_named_types_only"]),
    ("GET /admin/identities", "an array, `[]` when empty, with metadata_admin", &["list_answers_an_array_that_is_never_null_and_has_metadata_admin"]),
    ("GET /admin/identities", "the keyset `Link`", &["list_link_is_relative_keeps_the_query_and_has_next_until_the_last_page"]),
    ("GET /admin/identities", "order, and a token whose row is gone", &[
        "list_is_in_the_order_of_the_ids_and_a_token_outlives_the_identity_it_was_made_at",
    ]),
    ("GET /admin/identities", "per_page alone", &["list_per_page_alone_is_another_name_of_page_size"]),
    ("GET /admin/identities", "legacy mode", &[
        "list_legacy_pages_are_numbered_from_0_with_a_total_and_orys_links",
        "list_legacy_pages_reach_a_thousand_and_have_500_at_most",
    ]),
    ("GET /admin/identities", "consistency", &["list_consistency_is_never_an_error_and_strong_where_there_is_no_replica"]),
    ("POST /admin/identities", "strict at all levels", &["create_refuses_unknown_fields_at_the_top_and_below"]),
    ("POST /admin/identities", "all members optional", &[
        "create_wants_nothing_that_the_schema_does_not_want",
        "create_takes_absent_traits_for_empty_ones_and_refuses_null",
    ]),
    ("POST /admin/identities", "content type not looked at", &["create_does_not_look_at_the_content_type"]),
    ("POST /admin/identities", "malformed JSON", &["create_refuses_malformed_json"]),
    ("POST /admin/identities", "201 with Location", &["create_answers_201_with_location_at_the_mount_that_was_called"]),
    ("POST /admin/identities", "credentials without config", &["create_shows_credentials_without_config_even_just_imported"]),
    ("POST /admin/identities", "state", &[
        "create_is_active_unless_the_body_says_inactive",
        "create_put_and_patch_refuse_a_state_that_is_none_in_orys_words",
    ]),
    ("POST /admin/identities", "organization_id", &["create_takes_any_organization_id_that_is_a_uuid"]),
    ("POST /admin/identities", "409", &[
        "create_conflicts_are_409_with_orys_reason_for_identifier_and_external_id",
        "create_put_and_patch_conflicts_say_what_ory_says_and_name_the_fields",
    ]),
    ("POST /admin/identities", "addresses are lower-cased", &["create_lower_cases_addresses_before_they_are_matched_to_the_traits"]),
    ("POST /admin/identities", "addresses that the traits do not name", &["create_drops_addresses_that_the_traits_do_not_name"]),
    ("POST /admin/identities", "unknown schema", &["create_put_and_patch_refuse_a_schema_that_is_not_there"]),
    ("POST /admin/identities", "region", &["create_checks_the_region_and_echoes_it"]),
    ("import rules", "plain password, no policy", &["import_rules_a_plain_password_wins_over_a_hash_and_no_policy_is_asked"]),
    ("import rules", "neither", &["import_rules_neither_a_password_nor_a_hash_is_a_400"]),
    ("import rules", "migration hook", &["import_rules_a_password_that_is_elsewhere_is_kept_shown_and_told_until_it_is_set_here"]),
    ("import rules", "unknown format, parse error", &["import_rules_an_unknown_format_and_one_that_can_not_be_parsed_are_a_400_in_orys_words"]),
    ("import rules", "excess cost", &["import_rules_a_hash_that_costs_too_much_is_a_400_in_orys_words"]),
    ("import rules", "formats and vectors", &["the_password_of_each_familys_vector_verifies_and_a_wrong_one_does_not"]),
    ("import rules", "bounds", &["abuse_54_imported_hashes_out_of_bounds_are_refused_naming_field_and_limit"]),
    ("import rules", "oidc, saml", &["import_rules_oidc_and_saml_make_identifiers_of_provider_and_subject_with_case"]),
    ("import rules", "on an existing credential", &[
        "import_rules_on_an_existing_credential_accounts_and_codes_are_added_keys_merged_and_totp_replaced",
        "import_rules_a_put_replaces_the_password",
        "import_rules_the_same_account_again_in_a_put_changes_nothing",
        "import_rules_passkeys_are_merged_by_their_ids",
    ]),
    ("import rules", "totp, lookup_secret", &["import_rules_totp_and_lookup_secret_have_the_identitys_id_as_identifier"]),
    ("import rules", "webauthn, passkey", &[
        "import_rules_a_passkey_wants_a_user_handle_and_a_credential",
        "import_rules_every_type_is_taken_and_its_config_shown_to_an_owner_only",
        "import_rules_a_passkey_of_another_identity_is_a_409_that_names_the_type",
    ]),
    ("import rules", "what the traits name", &["import_rules_what_the_traits_name_is_code_and_password_identifier_in_normal_form"]),
    ("GET /sessions/whoami", "tokenize_as", &[
        "a_session_becomes_a_token_that_says_what_the_template_takes_of_it",
        "orys_client_asks_whose_session_it_has_and_ends_its_others",
    ]),
    ("GET /admin/identities/{id}", "404 for any id that is none", &["get_of_an_id_that_is_none_or_no_uuid_is_404"]),
    ("GET /admin/identities/{id}", "include_credential", &[
        "get_shows_all_credentials_and_the_config_of_the_named_types_only",
        "get_takes_every_credential_type_by_its_name_and_no_other",
    ]),
    ("GET /admin/identities/{id}", "the identity's members", &["get_has_the_members_of_an_identity_in_orys_form"]),
    ("GET /admin/identities/by/external/{externalID}", "same body, 404", &["by_external_id_answers_as_by_id_and_404_where_there_is_none"]),
    ("GET /admin/identities/by/external/{externalID}", "one segment, decoded", &["by_external_id_is_one_segment_that_is_decoded"]),
    ("PUT /admin/identities/{id}", "not strict", &[
        "put_ignores_unknown_fields_and_organization_id",
        "put_keeps_the_organization_whatever_the_body_says",
    ]),
    ("PUT /admin/identities/{id}", "content type and length", &["put_wants_a_json_content_type_and_a_content_length"]),
    ("PUT /admin/identities/{id}", "the body before the 404", &["put_reads_the_body_before_it_looks_for_the_identity"]),
    ("PUT /admin/identities/{id}", "absent: kept", &["put_absent_schema_id_state_and_credentials_are_kept"]),
    ("PUT /admin/identities/{id}", "absent traits", &["put_absent_traits_are_empty"]),
    ("PUT /admin/identities/{id}", "absent metadata, external_id", &[
        "put_absent_metadata_is_cleared",
        "put_absent_external_id_is_cleared_and_free_again",
    ]),
    ("PUT /admin/identities/{id}", "state", &["put_of_another_state_changes_state_changed_at_and_of_the_same_does_not"]),
    ("PUT /admin/identities/{id}", "sessions of an inactive identity", &["put_inactive_makes_the_sessions_inactive"]),
    ("PUT /admin/identities/{id}", "addresses and identifiers follow the traits", &[
        "put_rebuilds_identifiers_and_addresses_from_the_traits_and_keeps_what_was_verified",
    ]),
    ("PUT /admin/identities/{id}", "region", &["put_and_patch_check_the_region_and_echo_it"]),
    ("PUT /admin/identities/{id}", "409", &["put_conflicts_say_it_in_orys_message"]),
    ("PATCH /admin/identities/{id}", "body, empty, object", &["patch_is_a_list_of_operations_whatever_its_content_type"]),
    ("PATCH /admin/identities/{id}", "404 before the patch is read", &["patch_looks_for_the_identity_before_it_reads_the_operations"]),
    ("PATCH /admin/identities/{id}", "denied paths", &["patch_denies_id_state_changed_at_and_credentials_in_any_case"]),
    ("PATCH /admin/identities/{id}", "replace of a missing member", &["patch_replace_of_a_missing_member_adds_it_unless_it_is_an_index"]),
    ("PATCH /admin/identities/{id}", "add makes parents, remove of a missing path", &[
        "patch_add_makes_missing_parents_and_remove_of_a_missing_path_is_400",
    ]),
    ("PATCH /admin/identities/{id}", "what can be patched", &[
        "patch_reaches_every_member_that_can_be_changed",
        "patch_reaches_recovery_addresses",
        "put_and_patch_check_the_region_and_echo_it",
    ]),
    ("PATCH /admin/identities/{id}", "state", &["patch_of_a_state_that_is_none_is_refused_and_of_another_changes_state_changed_at"]),
    ("PATCH /admin/identities/{id}", "atomic, schema, unique", &["patch_is_atomic_and_its_result_must_fit_the_schema_and_be_unique"]),
    ("DELETE /admin/identities/{id}", "204, cascades", &["delete_is_204_then_404_and_takes_sessions_credentials_and_links_along"]),
    ("DELETE /admin/identities/{id}", "404", &["delete_of_an_id_that_is_none_or_no_uuid_is_404"]),
    ("PATCH /admin/identities", "strict, limits", &[
        "batch_of_more_than_1000_or_200_plain_passwords_is_refused",
        "batch_of_exactly_200_plain_passwords_is_taken",
    ]),
    ("PATCH /admin/identities", "the answer's form, nulls, first wins", &["batch_answers_each_item_in_its_place_and_the_first_of_two_wins"]),
    ("PATCH /admin/identities", "always 200; empty list", &["batch_is_200_even_if_every_item_failed_and_for_an_empty_list"]),
    ("PATCH /admin/identities", "import errors abort", &[
        "batch_import_errors_and_unknown_fields_abort_all_of_it",
        "batch_with_a_passkey_without_a_user_handle_aborts_all_of_it",
    ]),
    ("PATCH /admin/identities", "error items", &["batch_error_items_have_no_identity_and_patch_id_only_where_it_was_sent"]),
    ("DELETE credentials/{type}", "the order of checks", &["delete_credentials_looks_at_the_identity_then_the_type_then_its_rule"]),
    ("DELETE credentials/{type}", "totp, lookup_secret; webauthn", &[
        "delete_credentials_totp_and_lookup_secret_go_and_of_webauthn_the_keys_beside_a_password",
    ]),
    ("DELETE credentials/{type}", "password", &["delete_credentials_password_keeps_its_identifiers_and_wants_another_first_factor"]),
    ("DELETE credentials/{type}", "oidc, saml", &[
        "delete_credentials_oidc_looks_at_the_last_first_factor_before_the_identifier",
        "delete_credentials_oidc_and_saml_want_an_identifier_and_remove_that_link_in_both_views",
    ]),
    ("DELETE credentials/{type}", "code, passkey", &["delete_credentials_code_and_passkey_can_not_be_deleted"]),
    ("DELETE credentials/{type}", "deviceauthn", &["delete_credentials_deviceauthn_wants_an_identifier_before_all_else"]),
    ("DELETE credentials/{type}", "first factors", &[
        "delete_credentials_first_factors_are_password_accounts_passkeys_and_passwordless_keys",
        "delete_credentials_a_passwordless_key_is_a_first_factor_where_the_traits_name_its_identifier",
    ]),
    ("GET /admin/identities/{id}/sessions", "400, and `[]` for nobody", &["identity_sessions_a_bad_uuid_is_400_and_an_unknown_identity_has_none"]),
    ("GET /admin/identities/{id}/sessions", "active", &["identity_sessions_active_is_a_flag_as_go_reads_it"]),
    ("GET /admin/identities/{id}/sessions", "invalid values default", &["identity_sessions_sizes_and_numbers_that_are_none_count_as_not_sent"]),
    ("GET /admin/identities/{id}/sessions", "mixed pagination, order", &[
        "identity_sessions_pages_are_by_token_or_by_number_from_0_the_newest_first",
    ]),
    ("GET /admin/identities/{id}/sessions", "X-Total-Count and Link always", &["identity_sessions_have_a_total_and_links_with_both_ways_always"]),
    ("GET /admin/identities/{id}/sessions", "identity and devices", &[
        "identity_sessions_show_the_identity_with_metadata_admin_and_no_credentials_and_devices",
    ]),
    ("DELETE /admin/identities/{id}/sessions", "204, 400, 404", &["identity_sessions_delete_is_204_then_404_and_400_for_a_bad_uuid"]),
    ("GET /admin/sessions", "pages, order", &["sessions_list_is_the_newest_first_with_first_and_next_until_the_end"]),
    ("GET /admin/sessions", "bad tokens and sizes", &["sessions_list_refuses_a_token_that_is_none_and_a_page_size_that_is_no_number"]),
    ("GET /admin/sessions", "active", &["sessions_list_active_narrows_to_those_that_count"]),
    ("GET /admin/sessions", "expand", &["sessions_list_and_get_show_identity_and_devices_only_where_expanded_in_any_case"]),
    ("GET /admin/sessions/{id}", "200, 400, 404", &[
        "sessions_get_is_400_for_a_bad_uuid_and_404_for_an_unknown_one",
        "sessions_get_has_the_members_of_a_session_in_orys_form",
    ]),
    ("DELETE /admin/sessions/{id}", "204 again and again", &["sessions_delete_ends_it_keeps_the_row_and_is_204_again"]),
    ("PATCH /admin/sessions/{id}/extend", "200 with the session, 404", &["sessions_extend_is_200_with_the_session_and_404_for_an_unknown_one"]),
    ("POST /admin/sessions", "what it does", &[
        "sessions_bulk_disables_or_deletes_by_identity_by_session_or_all",
        "sessions_bulk_says_more_while_there_are_more_than_a_thousand",
    ]),
    ("POST /admin/sessions", "what it takes", &["sessions_bulk_takes_either_identities_or_sessions_500_at_most"]),
    ("POST /admin/recovery/*", "not served", &["sessions_recovery_codes_and_links_are_not_served"]),
    ("GET /schemas", "list, total, links", &[
        "schemas_list_has_ids_and_schemas_with_a_total_and_mixed_links",
        "schemas_are_paged_by_token_and_by_number_with_a_total",
    ]),
    ("GET /schemas/{id}", "raw or base64url", &["schemas_get_takes_the_id_raw_or_in_base64url"]),
    ("GET /schemas/{id}", "404", &["schemas_get_of_none_is_404_in_orys_words"]),
    ("GET /health/*, /version", "all", &[
        "health_alive_ready_and_version_answer_anybody_with_and_without_admin",
        "health_ready_is_503_with_errors_while_the_database_does_not_serve",
    ]),
    ("goes further", "authentication, tenancy", &["goes_further_everything_wants_a_key_and_happens_in_its_tenant"]),
    ("goes further", "mount", &["goes_further_admin_and_iam_are_one_and_link_and_location_repeat_the_mount"]),
    ("goes further", "public port", &["goes_further_one_listener_serves_schemas_and_sessions_without_a_redirect"]),
    ("goes further", "error body", &["goes_further_an_error_has_code_message_details_and_notices_beside_orys_envelope"]),
    ("goes further", "409", &["goes_further_a_409_names_the_fields_and_never_the_other_identity"]),
    ("goes further", "concurrency", &["goes_further_etag_if_match_and_if_none_match", "abuse_57_of_two_writes_with_one_etag_one_is_stale"]),
    ("goes further", "list filters", &["list_filters_that_name_identities_exclude_each_other_and_all_others_go_together"]),
    ("goes further", "page token", &["abuse_07_a_page_token_is_good_for_its_tenant_and_filter_only"]),
    ("goes further", "ids", &["goes_further_ids_are_all_answered_in_one_page"]),
    ("goes further", "malformed uuid on session routes", &["goes_further_a_malformed_uuid_on_session_routes_is_400"]),
    ("goes further", "batch", &["goes_further_a_batch_deletes_by_id"]),
    ("goes further", "schemas", &[
        "goes_further_schemas_are_written_per_tenant_and_one_in_use_stays",
        "a_change_that_breaks_identities_is_reported_and_refused_unless_forced",
    ]),
    ("goes further", "JSON Patch", &[
        "patch_test_move_and_copy_work_and_it_is_all_or_nothing",
        "goes_further_json_patch_has_caps_on_operations_and_result",
    ]),
    ("goes further", "JSON Patch of credentials", &["goes_further_json_patch_of_credentials_is_refused_whole"]),
    ("goes further", "overlong external_id, identifier", &["goes_further_overlong_external_id_identifier_and_schema_id_are_a_400_naming_the_field"]),
    ("goes further", "PUT with absent metadata or external_id", &[
        "put_absent_metadata_is_cleared",
        "put_absent_external_id_is_cleared_and_free_again",
    ]),
    ("goes further", "hashes", &["goes_further_hashes_are_shown_to_who_may_reveal_and_refused_with_a_notice"]),
    ("goes further", "consistency=eventual", &[
        "goes_further_palisade_consistency_says_which_read_served",
        "eventual_lists_read_a_streaming_replica_and_the_primary_while_it_is_down",
    ]),
    ("goes further", "deleting a password", &["goes_further_deleting_a_password_keeps_its_identifiers_taken"]),
    ("goes further", "sessions", &["goes_further_sessions_are_issued_on_v1_and_checked_by_header_bearer_or_cookie"]),
];

/// Tests that run once, outside of `on_both_databases!`, because what they show is of one database.
const ON_ONE_DATABASE: &[&str] =
    &["eventual_lists_read_a_streaming_replica_and_the_primary_while_it_is_down"];

/// The names of all tests of this crate that run on both databases, and of all those of [`ON_ONE_DATABASE`].
fn functions(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).expect("source");
        let mut both = false;
        for line in text.lines() {
            match line {
                "on_both_databases! {" => both = true,
                "}" => both = false,
                _ => {}
            }
            // In the macro a test is one step in; what is deeper is part of one.
            let name = line
                .strip_prefix(if both { "    async fn " } else { "async fn " })
                .and_then(|after| after.split('(').next());
            found.extend(
                name.filter(|name| both || ON_ONE_DATABASE.contains(name))
                    .map(str::to_owned),
            );
        }
    }
}

#[test]
fn every_row_of_the_contract_has_its_tests() {
    let mut found = BTreeSet::new();
    functions(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let missing: Vec<_> = ROWS
        .iter()
        .flat_map(|(place, row, tests)| tests.iter().map(move |test| (place, row, test)))
        .filter(|(_, _, test)| !found.contains(**test))
        .collect();
    assert!(missing.is_empty(), "rows without their test: {missing:#?}");
    assert!(ROWS.iter().all(|(_, _, tests)| !tests.is_empty()));
}

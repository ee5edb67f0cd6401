//! What the store promises, on SQLite and on PostgreSQL. Every case has a twin tenant that holds the same names and
//! e-mails, and ends with every row of the twin as it was.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod collections;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod house;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod links;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod races;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod session_lists;
#[cfg(test)]
mod session_tokens;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sign_ins;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod writing;

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::house::run(crate::house::House::on_sqlite().await, crate::$module::$case).await;
            })+)+
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::house::run(crate::house::House::on_postgres().await, crate::$module::$case).await;
            })+)+
        }
    };
}

cases! {
    identities: an_identity_is_created_read_changed_and_deleted,
        a_second_change_from_the_same_revision_is_stale,
        every_taken_field_is_named_and_the_holder_is_not,
        abuse_06_what_is_taken_in_another_tenant_is_free_here,
        an_identifier_that_is_given_up_is_free,
        secrets_are_revealed_with_an_audit_row_each,
        secrets_belong_to_what_was_read_of_their_identity,
        a_text_with_a_nul_is_a_400_on_both_databases;
    credentials: a_hash_is_replaced_only_while_it_is_the_one_that_was_checked,
        a_removed_account_takes_its_link_along_and_needs_a_grant_for_it;
    isolation: a_row_that_points_into_another_tenant_is_refused_by_the_database,
        abuse_01_an_id_of_another_tenant_is_as_absent_as_a_made_up_one,
        abuse_03_a_link_of_another_identity_is_absent,
        a_sealed_row_opens_for_its_own_grant_only;
    paging: a_walk_meets_every_identity_once_while_others_come_and_go,
        abuse_07_tokens_of_another_tenant_filter_or_hand_are_refused,
        filters_narrow_and_ids_come_in_one_page,
        pages_by_number_skip_and_count,
        beginnings_of_identifiers_are_taken_literally;
    collections: every_collection_is_walked_in_order_and_takes_no_other_ones_tokens;
    rotation: a_rotated_key_is_good_until_its_overlap_ends_and_the_new_one_is_its_like,
        what_is_revoked_expired_absent_or_another_tenants_is_not_rotated,
        of_two_rotations_at_once_one_is_done,
        the_operator_rotates_keys_of_tenants_and_its_own;
    idempotency: abuse_56_an_answer_is_given_again_to_its_own_caller_for_the_same_request_only,
        abuse_56_of_concurrent_requests_with_one_key_one_is_done,
        a_refused_request_lets_its_key_go_for_another_one,
        a_crash_before_the_write_frees_the_key_and_whoever_seemed_dead_writes_no_more,
        a_crash_after_the_write_is_told_and_nothing_is_done_again,
        keys_are_free_after_a_day_and_deleted,
        every_write_of_an_attempt_carries_its_mark;
    replica: only_reads_that_accept_old_data_go_to_the_replica,
        a_replica_that_is_not_there_is_stood_in_for_by_the_primary;
    batch: a_batch_creates_and_deletes_with_an_audit_row_each,
        the_first_of_a_batch_wins_what_two_of_it_want,
        a_deletion_frees_its_values_for_those_behind_it,
        abuse_08_a_batch_gets_not_found_for_an_identity_of_another_tenant,
        a_creation_without_its_grant_refuses_the_batch,
        a_thousand_in_a_batch_are_all_made,
        concurrent_batches_of_the_same_make_each_once,
        single_writes_pass_while_batches_are_written;
    imports: a_batch_of_an_import_is_done_in_its_place_and_at_no_other_time,
        postgresql_looks_at_what_an_import_wrote_when_it_has_doubled,
        of_two_batches_in_one_place_one_is_done,
        a_rehearsal_knows_what_its_batches_before_would_take;
    schemas: a_schema_that_identities_have_is_not_deleted,
        a_schema_is_created_once,
        an_identity_of_a_schema_that_went_meanwhile_is_refused_by_its_name,
        a_schema_that_is_deleted_while_identities_take_it_up_leaves_none_of_them_behind,
        the_impact_of_a_schema_is_counted_and_sampled_within_its_budget,
        schemas_are_paged_by_number;
    links: a_link_and_a_credential_are_one_fact,
        an_imported_credential_makes_link_and_provider,
        an_import_makes_only_what_is_granted,
        an_account_that_is_linked_already_is_refused,
        a_forced_unlink_says_so_in_its_audit_event,
        concurrent_changes_of_a_provider_are_all_done,
        deleting_an_identity_deletes_what_belongs_to_it,
        a_provider_that_is_in_use_stays;
    accounts: a_link_that_is_taken_away_waits_and_is_linked_again_by_hand,
        a_rejected_account_is_linked_by_nobody_until_it_is_taken_back,
        abuse_42_the_account_of_a_deleted_user_stays_without_what_was_said_of_it,
        what_an_import_links_and_unlinks_is_history_and_what_was_rejected_stays_so,
        abuse_21_35_another_issuer_has_other_people,
        a_provider_that_goes_takes_what_was_decided_along_and_says_so,
        abuse_03_an_account_of_another_tenant_is_as_absent_as_a_made_up_one;
    sign_ins: abuse_38_what_was_planned_by_rules_that_changed_is_not_done,
        abuse_38_a_token_that_another_issuer_was_asked_about_links_nobody,
        abuse_38_what_was_planned_for_a_user_that_changed_is_not_done,
        two_tokens_of_one_subject_leave_one_case_that_loses_nothing,
        what_a_token_is_silent_about_stays_known,
        abuse_42_whoever_was_deleted_or_unlinked_waits_for_a_person,
        of_two_providers_one_takes_a_token;
    limits: a_tenant_has_a_hundred_providers_with_tokens_at_most,
        abuse_58_ten_thousand_accounts_of_a_provider_wait_at_most,
        a_thousand_links_go_with_an_issuer_at_most,
        a_provider_that_an_import_made_keeps_its_links_with_its_first_issuer,
        abuse_47_a_walk_of_the_queue_meets_every_account_once_while_others_come_and_go;
    races: who_was_linked_while_tokens_were_not_taken_is_let_in_only_where_that_is_said,
        an_account_that_was_rejected_refuses_its_item_of_a_batch_and_no_other;
    tenants: abuse_11_the_slug_of_a_deleted_tenant_is_free_and_shows_nothing_of_it,
        a_suspended_tenant_is_seen_as_such_and_comes_back,
        keys_are_made_listed_and_revoked,
        acts_on_tenants_that_are_not_there_change_nothing,
        a_taken_slug_is_a_conflict,
        schemas_are_written_read_and_compiled,
        a_list_of_revisions_or_any_can_be_insisted_on,
        policies_raise_the_version_and_the_check_can_refuse;
    sessions: a_session_is_issued_found_ended_and_stays_in_the_list,
        a_token_is_good_for_its_own_tenant_and_session_only,
        abuse_01_a_session_of_another_tenant_is_as_absent_as_a_made_up_one,
        the_database_refuses_a_session_of_another_tenants_identity,
        abuse_42_a_deactivated_identity_loses_its_sessions_for_good,
        abuse_42_a_session_that_is_issued_while_its_identity_is_deactivated_ends_with_it,
        an_expired_session_does_not_count_and_goes_when_its_time_is_over,
        a_session_is_extended_while_it_counts_and_never_shortened;
    session_lists: lists_of_sessions_are_walked_by_token_and_by_number,
        many_sessions_are_ended_and_deleted_at_once,
        an_identity_reaches_its_own_sessions_only;
    session_tokens: a_template_is_written_read_listed_and_deleted,
        a_tenant_has_a_hundred_templates_at_most,
        abuse_05_templates_and_keys_of_another_tenant_are_never_used,
        a_rotated_key_signs_no_more_and_is_shown_until_its_overlap_ends,
        of_rotations_at_once_each_leaves_one_key_that_signs,
        another_node_hears_of_a_template_that_is_gone;
    scim: abuse_01_a_user_of_another_connection_or_tenant_is_absent,
        the_database_refuses_members_of_other_connections_and_tenants,
        a_subject_that_a_person_took_away_is_not_linked_again,
        a_taken_name_is_a_conflict_in_the_clients_words,
        the_key_of_a_disabled_provider_is_none,
        abuse_41_a_provisioned_account_that_is_taken_away_leaves_no_half_behind,
        abuse_42_who_is_deprovisioned_waits_at_other_providers,
        whoever_deletes_provisioned_users_tells_their_groups,
        an_identity_is_in_its_groups_and_in_theirs_for_policies,
        a_group_that_others_change_meanwhile_counts_who_leaves_once,
        a_page_of_users_with_too_many_groups_is_cut_and_nobody_is_lost,
        abuse_42_an_account_that_is_linked_while_its_user_is_deleted_in_a_batch_waits,
        the_queue_knows_provisioned_accounts_by_their_address;
    audit: abuse_64_a_write_and_its_audit_row_stand_or_fall_together,
        refusals_are_written_down,
        audit_events_are_filtered_and_paged;
    writing: good_writes_stand_while_one_among_them_fails,
        writes_of_tenants_that_wait_together_stay_in_their_own,
        concurrent_writes_of_one_identifier_leave_one,
        writes_without_grouping_do_the_same;
    nodes: a_change_is_heard_by_this_node_at_once_and_by_another_within_a_second,
        two_nodes_migrate_at_once,
        work_and_word_go_on_after_every_connection_was_cut;
}

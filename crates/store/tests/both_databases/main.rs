//! One suite of cases, run on SQLite (each case by itself, on a file of its own) and on
//! PostgreSQL (all cases against one private server, each on a database of its own).
//!
//! Where PostgreSQL is not installed the suite fails and says so, unless
//! `PENDEEN_SKIP_POSTGRES` is set.

#![expect(clippy::unwrap_used, reason = "a case that cannot go on fails")]

mod access;
mod accounts;
mod assignment;
mod audit;
mod backup;
mod bulk;
mod desk;
mod documents;
mod durability;
mod erasure;
mod figures;
mod fixture;
mod migration;
mod need_to_know;
mod overview;
mod postgres;
mod provider;
mod records;
mod search;
mod shared;
mod witness;
mod world;

use std::pin::Pin;

use fixture::Fixture;
use tokio::task::JoinSet;

/// Settings of a server that need not survive a power cut.
const NOT_DURABLE: [&str; 3] =
    ["-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off"];

/// A case by name.
type Case = (&'static str, fn(Fixture) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Cases that run at the same time against the one server: more would only wait for each other.
const AT_A_TIME: usize = 6;

/// Runs the cases, each on a database of its own; gives the names of those that failed.
async fn every_case(server: &postgres::Server, cases: Vec<Case>) -> Vec<&'static str> {
    Fixture::postgres_template(server).await;
    let mut waiting = cases.into_iter();
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    loop {
        while running.len() < AT_A_TIME
            && let Some((name, case)) = waiting.next()
        {
            let fixture = Fixture::postgres(server, name).await;
            running.spawn(async move {
                let failed = tokio::spawn(case(fixture)).await.is_err();
                failed.then_some(name)
            });
        }
        match running.join_next().await {
            Some(ended) => failed.extend(ended.unwrap()),
            None => return failed,
        }
    }
}

macro_rules! cases {
    ($($room:ident :: $name:ident,)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$room::$name(crate::Fixture::sqlite().await).await;
            })*
        }

        #[test]
        fn every_case_holds_on_postgresql() {
            if std::env::var_os("PENDEEN_SKIP_POSTGRES").is_some() {
                println!("PENDEEN_SKIP_POSTGRES is set: PostgreSQL was not tested");
                return;
            }
            let server = postgres::Server::start(&NOT_DURABLE).unwrap_or_else(|why| panic!("{why}"));
            let cases: Vec<Case> = vec![$((stringify!($name), |db| Box::pin($room::$name(db)))),*];
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let failed = runtime.block_on(every_case(&server, cases));
            assert!(failed.is_empty(), "failed on PostgreSQL: {failed:?}");
        }
    };
}

cases! {
    desk::two_people_who_take_next_at_once_get_two_records,
    desk::what_is_in_a_colleagues_hand_is_offered_again_after_an_act_or_a_shift,
    desk::what_is_passed_over_with_a_reason_is_offered_to_others_alone,
    desk::work_that_takes_a_skill_is_offered_to_who_has_it_in_a_team_at_work,
    desk::saved_filters_are_their_persons_own,
    desk::a_reason_is_owed_once_until_it_is_given_and_then_the_log_has_it,
    desk::a_list_given_out_holds_what_its_person_may_see_and_is_logged_as_given,
    desk::a_letter_is_written_once_and_outlives_a_relay_that_is_down,
    desk::what_newly_waits_is_what_came_since_the_person_looked,
    bulk::a_bulk_leaves_what_single_writes_leave,
    bulk::a_bulk_acts_on_what_was_written_before_and_refuses_an_old_version,
    bulk::a_dropped_bulk_keeps_nothing,
    figures::every_figure_at_every_moment_is_what_plain_counting_gives,
    figures::what_writing_keeps_is_what_counting_anew_gives,
    figures::figures_frozen_as_at_a_moment_stay_what_they_were,
    figures::figures_as_at_now_follow_every_writing_of_whatever_program,
    figures::a_release_counts_inside_and_outside_as_of_one_moment,
    need_to_know::every_kind_of_record_is_kept_and_reads_back,
    need_to_know::the_sql_filter_and_the_policies_agree_row_by_row,
    need_to_know::hidden_rows_change_no_byte_of_any_answer,
    need_to_know::every_read_leaves_its_leaf_and_a_refused_one_says_so,
    provider::an_identity_is_linked_once_and_to_one_account,
    provider::the_database_itself_links_an_identity_to_one_account_only,
    provider::a_link_to_the_service_is_removed_by_its_person_or_an_administrator,
    provider::a_one_time_link_links_an_identity_in_place_of_a_password_once,
    accounts::the_right_password_signs_in_and_every_attempt_leaves_a_leaf,
    accounts::an_unknown_username_and_a_wrong_password_answer_alike,
    accounts::guessing_is_slowed_for_known_and_unknown_usernames_alike_and_ends_by_itself,
    accounts::guesses_made_at_once_are_slowed_like_guesses_made_in_turn,
    accounts::a_clock_that_went_back_keeps_nobody_out,
    accounts::a_disabled_account_does_not_sign_in,
    accounts::a_new_password_or_disabling_ends_earlier_sign_ins_and_nothing_else_does,
    accounts::an_account_made_before_sign_in_epochs_gets_one_from_the_migration,
    accounts::only_an_administrator_manages_accounts,
    accounts::a_username_is_taken_whatever_its_case,
    accounts::sessions_are_kept_until_they_expire,
    access::a_second_factor_is_set_by_a_first_code_and_its_codes_open_once,
    access::recovery_codes_open_once_each_and_new_ones_end_them,
    access::guessing_codes_is_slowed,
    access::a_second_factor_is_asked_of_whom_the_setting_names,
    access::a_stranger_who_guesses_keeps_nobody_out_of_their_own_browser,
    access::one_address_is_slowed_over_many_usernames_and_no_own_account_clears_it,
    access::a_person_sees_and_ends_their_own_devices_only,
    access::a_link_sets_a_password_once_and_ends_after_three_days,
    access::one_administrator_does_not_open_an_account_and_hand_out_its_key,
    access::a_token_opens_what_it_is_for_until_it_ends,
    audit::a_fresh_log_verifies_and_grows_leaf_by_leaf,
    audit::an_act_that_gives_something_away_leaves_a_disclosure_with_its_recipient,
    audit::the_database_refuses_to_change_or_delete_a_leaf,
    audit::every_kind_of_tampering_is_found_at_its_place,
    audit::an_auditor_alone_reads_the_log,
    audit::a_value_that_goes_without_an_erasure_is_a_break,
    audit::many_writers_at_once_make_one_chain,
    audit::the_length_of_the_log_is_told_without_walking_it,
    audit::migrating_again_changes_nothing,
    migration::a_database_of_the_founding_schema_is_brought_to_this_one_with_all_its_rows,
    migration::a_migration_that_fails_half_way_leaves_the_database_as_it_was,
    witness::a_log_rewritten_consistently_is_found_at_the_leaf_that_was_changed,
    witness::without_tiles_a_rewritten_leaf_is_found_between_two_checkpoints,
    witness::what_no_checkpoint_covers_is_told_as_unwitnessed,
    witness::a_turn_signs_nothing_over_a_log_that_does_not_go_on,
    witness::tiles_are_made_again_from_leaves_that_give_the_signed_root,
    witness::a_forged_checkpoint_is_told_and_not_believed,
    witness::a_clock_that_goes_back_takes_no_checkpoint_back,
    witness::a_leaf_proves_its_place_and_older_checkpoints_are_beginnings,
    witness::content_that_is_not_what_its_leaf_commits_to_is_found,
    erasure::an_erased_record_leaves_a_hole_that_the_log_proves,
    erasure::nobody_erases_alone_or_twice,
    erasure::a_finished_record_waits_for_its_review_when_that_is_due_and_not_before,
    erasure::an_approved_review_erases_the_record_and_a_refused_one_does_not,
    erasure::the_database_lets_an_erasure_empty_a_version_and_nothing_else,
    erasure::an_emptied_version_without_an_erasure_in_the_log_is_a_break,
    need_to_know::what_hangs_on_a_restricted_case_is_restricted_with_it_and_opened_with_it,
    need_to_know::a_broken_glass_lasts_for_its_time_and_for_one_record_and_person,
    need_to_know::a_history_withholds_what_a_person_may_see_only_guarded,
    documents::a_document_is_kept_byte_for_byte_and_once,
    documents::a_document_kept_in_a_folder_is_read_backed_up_and_swept,
    documents::a_document_is_read_through_a_record_that_names_it_and_no_other,
    documents::writing_a_digest_down_opens_nothing,
    documents::a_record_kept_as_it_was_built_opens_no_document,
    backup::a_backup_restored_into_a_new_database_is_the_same,
    backup::a_backup_of_the_embedded_database_is_restored_into_this_one,
    backup::every_table_is_in_the_backup_or_left_out_by_name,
    backup::a_damaged_backup_restores_nothing,
    durability::a_writer_killed_at_any_moment_loses_nothing_acknowledged,
    durability::a_batch_dropped_half_way_leaves_nothing_and_the_next_writer_goes_on,
    assignment::what_is_given_to_a_person_by_name_stands_in_their_work_and_no_colleagues,
    assignment::what_belongs_to_a_persons_case_comes_before_what_is_anybodys,
    assignment::only_a_colleague_whose_account_is_in_use_is_given_work,
    assignment::an_action_moves_with_the_record_it_was_raised_on,
    overview::standings_are_what_listing_each_kind_and_state_counts,
    overview::how_many_stand_where_is_kept_through_every_way_of_writing,
    overview::what_is_due_between_two_moments_is_listed_first_things_first,
    overview::signatures_are_told_to_who_gave_them_as_long_as_they_may_see_the_record,
    overview::records_are_listed_with_their_bodies_and_leave_one_leaf,
    records::a_record_reads_back_as_it_was_made,
    records::an_act_makes_a_new_version_and_the_older_one_stays_readable,
    records::of_two_acts_at_once_one_wins_and_the_other_is_told,
    records::a_refused_act_leaves_nothing_behind,
    records::a_field_that_names_an_unseen_record_is_refused_like_a_missing_one,
    records::the_database_itself_refuses_an_approver_who_is_the_author,
    records::the_database_itself_refuses_to_change_a_version,
    records::a_version_changed_past_the_triggers_breaks_the_log,
    records::a_permit_opens_only_what_it_was_given_for,
    records::a_taken_number_is_a_conflict_and_keeps_nothing,
    records::a_batch_is_kept_whole_or_not_at_all,
    search::what_is_typed_nearly_right_is_found_best_first,
    search::search_follows_the_present_version_of_a_record,
    search::hidden_records_change_nothing_of_a_search,
    search::words_that_many_records_have_find_the_same_as_words_of_few,
    search::a_single_letter_is_looked_for_as_it_is_and_beside_a_word_as_its_beginning,
    records::text_with_wildcards_and_hostile_characters_is_searched_for_literally,
    records::lists_come_in_order_and_in_parts,
    records::a_list_asked_condition_by_condition_is_the_one_that_one_question_gives,
    records::my_work_puts_the_child_at_immediate_risk_first,
    records::facets_and_links_follow_the_present_version,
    shared::a_correction_is_a_version_that_tells_what_was_changed_by_whom_and_why,
    shared::a_correction_is_refused_where_the_rules_of_creation_refuse_it,
    shared::the_history_of_changes_hides_guarded_lines_in_every_version,
    shared::a_moved_case_takes_its_parts_along_and_figures_follow,
    shared::a_statement_of_the_same_person_is_a_combination_logged_about_both,
    shared::the_database_refuses_one_person_at_both_of_any_two_steps,
    shared::durations_tell_median_and_tail_over_what_the_person_may_see,
}

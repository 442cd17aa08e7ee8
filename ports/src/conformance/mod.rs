//! The behaviour that the traits promise, as tests that every backend runs.
//!
//! A backend's test calls [`conformance_tests!`](crate::conformance_tests) with
//! the name of an async function that makes a fresh, empty [`Backend`]. Each
//! behaviour becomes a test of its own, so the names of the failed tests say
//! what does not hold. Nothing here reads the machine's clock.

mod backend;
pub mod cursors;
pub mod dead_letters;
pub mod marks;
pub mod queue;
pub mod secrets;
pub mod stored;

pub use backend::{Backend, Consumer, Vault, receipt};
pub(crate) use backend::{at, at_once};

/// Makes one test for each behaviour, with backends made by `$backend`.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:ident) => {
        $crate::conformance_tests!(@list $backend,
            queue::{
                every_entry_has_a_result_and_arrives,
                an_empty_batch_is_nothing,
                a_batch_larger_than_any_limit_is_split,
                bodies_as_large_as_a_message_may_be_arrive,
                a_body_keeps_every_character,
                batches_sent_at_once_all_arrive,
            },
            dead_letters::{
                letters_are_listed_oldest_first_by_source,
                a_letter_with_a_known_id_replaces_it,
                a_letter_comes_back_as_it_was,
                a_letter_whose_keys_are_those_of_a_library_comes_back,
                a_letter_larger_than_a_message_is_kept,
                no_letters_are_nothing_to_keep,
                a_taken_letter_is_held,
                letters_of_one_source_are_taken_alone,
                letters_of_one_source_are_found_among_many_others,
                a_letter_that_is_given_back_can_be_taken,
                a_settled_letter_is_gone,
                letters_are_counted_and_held_ones_apart,
            },
            cursors::{
                one_run_at_a_time_holds_the_lease,
                of_runs_that_ask_at_once_one_gets_the_lease,
                a_lease_from_the_far_future_holds_nobody_off,
                a_renewed_lease_lasts_longer,
                a_lease_that_ran_out_is_taken_over_with_a_higher_fence,
                a_lease_that_ran_out_can_be_renewed_while_nobody_took_it,
                after_a_takeover_the_old_lease_moves_nothing,
                a_released_lease_is_free_at_once,
                a_stale_release_does_not_free_the_new_lease,
                a_last_commit_ends_the_lease,
                a_commit_with_a_stale_fence_stores_nothing,
                a_lease_that_ran_out_may_commit_while_nobody_took_it,
                a_commit_stores_the_record_and_the_seen_ids,
                a_record_comes_back_with_every_field,
                a_large_set_of_seen_ids_comes_back,
                ids_of_a_page_are_added_to_those_that_are_stored,
                seen_ids_stay_when_a_commit_has_none,
                setting_a_cursor_shuts_out_the_run_under_way,
                a_cursor_can_be_set_before_any_run,
                streams_are_listed_in_order,
                streams_do_not_touch_each_other,
            },
            marks::{
                a_delivery_is_done_until_its_mark_expires,
                every_part_of_a_delivery_key_counts,
                a_token_is_kept_until_it_ends,
                one_at_a_time_may_ask_for_a_token,
                a_new_token_replaces_the_old_one,
                a_forgotten_token_is_gone,
                a_limit_is_never_shortened,
                a_limit_ends_by_itself,
                a_blob_comes_back_and_is_replaced,
                blobs_may_be_empty_and_large,
                blobs_are_listed_by_key_with_their_sizes,
            },
            secrets::{
                a_secret_comes_back_as_it_was_set,
                a_secret_that_is_not_set_is_missing,
                an_empty_secret_is_missing,
                nothing_that_can_be_printed_tells_the_value,
                a_secret_is_stored_where_there_is_none,
                a_secret_that_is_replaced_is_the_new_one,
                of_secrets_stored_at_once_one_is_kept,
            },
        );
    };
    (@list $backend:ident, $($module:ident::{$($behaviour:ident,)*},)*) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $behaviour() {
                $crate::conformance::$module::$behaviour(super::$backend().await).await;
            })*
        })*
    };
}

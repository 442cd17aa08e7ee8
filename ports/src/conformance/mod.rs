//! What every backend is held to: the behaviour that the traits promise,
//! written once.
//!
//! A backend's test calls [`conformance_tests!`](crate::conformance_tests) with the name of an async
//! function that makes a fresh, empty [`Backend`]; each behaviour becomes a
//! test of its own, so that a runner shows by name what does not hold. Nothing
//! here reads the machine's clock.

pub mod cursors;
pub mod dead_letters;
pub mod marks;
pub mod queue;
pub mod secrets;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::moment::after;
use crate::{
    Blobs, Cursors, DeadLetters, Deliveries, Limits, Message, Queue, Receipt, SecretRef, Secrets,
    Tokens,
};

/// The receipt of a delivery that only a test claims.
#[expect(clippy::disallowed_methods, reason = "a test of a store delivers nothing")]
pub fn receipt() -> Receipt {
    Receipt::of_delivery(0, 0)
}

/// A fresh, empty backend.
#[derive(Clone)]
pub struct Backend {
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// The other end of the queue.
    pub consumer: Arc<dyn Consumer>,
    /// The dead letters.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// The cursors.
    pub cursors: Arc<dyn Cursors>,
    /// The delivery marks.
    pub deliveries: Arc<dyn Deliveries>,
    /// The access tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The limits.
    pub limits: Arc<dyn Limits>,
    /// The blobs.
    pub blobs: Arc<dyn Blobs>,
    /// The secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The way by which a person sets them.
    pub vault: Arc<dyn Vault>,
}

/// Takes what was sent out of the queue: only tests need it for every backend.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Everything in the queue, in any order; an entry that the queue hands
    /// out twice is here once.
    async fn drain(&self) -> Vec<Message>;
}

/// Sets secrets as a person would: no port does.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Keeps `value` for `reference`; where none can be kept that is empty,
    /// there is none afterwards.
    async fn keep(&self, reference: &SecretRef, value: &str);
}

/// Runs `calls` side by side and gives their results in order.
pub(crate) async fn at_once<T>(calls: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<(Pin<Box<_>>, Option<T>)> =
        calls.into_iter().map(|call| (Box::pin(call), None)).collect();
    poll_fn(|context| {
        for (call, result) in calls.iter_mut().filter(|(_, result)| result.is_none()) {
            if let Poll::Ready(value) = call.as_mut().poll(context) {
                *result = Some(value);
            }
        }
        if calls.iter().any(|(_, result)| result.is_none()) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    calls.into_iter().filter_map(|(_, result)| result).collect()
}

/// `seconds` after a fixed moment.
pub(crate) fn at(seconds: i64) -> Timestamp {
    // 2026-11-24T10:00:00.123456789Z: every digit has to come back.
    after(Timestamp::UNIX_EPOCH, SignedDuration::new(1_795_514_400 + seconds, 123_456_789))
}

/// One test a behaviour, for a backend made by `$backend`.
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
                a_letter_larger_than_a_message_is_kept,
                no_letters_are_nothing_to_keep,
                a_taken_letter_is_held,
                letters_of_one_source_are_taken_alone,
                letters_of_one_source_are_found_among_many_others,
                a_letter_that_is_given_back_can_be_taken,
                a_settled_letter_is_gone,
            },
            cursors::{
                one_run_at_a_time_holds_the_lease,
                of_runs_that_ask_at_once_one_gets_the_lease,
                a_renewed_lease_lasts_longer,
                a_lease_that_ran_out_is_taken_over_with_a_higher_fence,
                a_lease_that_ran_out_can_be_renewed_while_nobody_took_it,
                after_a_takeover_the_old_lease_moves_nothing,
                a_released_lease_is_free_at_once,
                a_stale_release_does_not_free_the_new_lease,
                a_commit_with_a_stale_fence_stores_nothing,
                a_lease_that_ran_out_may_commit_while_nobody_took_it,
                a_commit_stores_the_record_and_the_seen_ids,
                a_record_comes_back_with_every_field,
                a_large_set_of_seen_ids_comes_back,
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

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

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{Blobs, Cursors, DeadLetters, Deliveries, Limits, Message, Queue, Tokens};

/// A fresh, empty backend.
#[derive(Clone)]
pub struct Backend {
    /// The queue.
    pub queue: Arc<dyn Queue>,
    /// What the queue holds, in the order in which a consumer gets it.
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
}

/// Takes what was sent out of the queue: only tests need it for every backend.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Everything in the queue.
    async fn drain(&self) -> Vec<Message>;
}

/// `seconds` after a fixed moment.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let epoch: Timestamp = Timestamp::UNIX_EPOCH;
    // 2026-11-24T10:00:00.123456789Z: every digit has to come back.
    let base = SignedDuration::new(1_795_514_400, 123_456_789);
    epoch.checked_add(base + SignedDuration::from_secs(seconds)).unwrap_or(epoch)
}

/// One test a behaviour, for a backend made by `$backend`.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:ident) => {
        $crate::conformance_tests!(@list $backend,
            queue::{
                every_entry_has_a_result_and_arrives_in_order,
                an_empty_batch_is_nothing,
                a_batch_larger_than_any_limit_is_split,
                a_body_keeps_every_character,
            },
            dead_letters::{
                letters_are_listed_oldest_first_by_source,
                a_letter_with_a_known_id_replaces_it,
                a_letter_comes_back_as_it_was,
            },
            cursors::{
                one_run_at_a_time_holds_the_lease,
                a_lease_that_ran_out_is_taken_over_with_a_higher_fence,
                a_lease_that_ran_out_can_be_renewed_while_nobody_took_it,
                after_a_takeover_the_old_lease_moves_nothing,
                a_released_lease_is_free_at_once,
                a_stale_release_does_not_free_the_new_lease,
                a_commit_stores_the_record_and_the_seen_ids,
                seen_ids_stay_when_a_commit_has_none,
                setting_a_cursor_shuts_out_the_run_under_way,
                streams_are_listed_in_order_and_do_not_touch_each_other,
            },
            marks::{
                a_delivery_is_done_until_its_mark_expires,
                every_part_of_a_delivery_key_counts,
                a_token_is_kept_until_it_ends,
                a_forgotten_token_is_gone,
                a_limit_is_never_shortened,
                a_blob_comes_back_and_is_replaced,
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

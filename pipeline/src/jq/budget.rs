//! What one run of a program may still use.
//!
//! The interpreter has neither fuel nor a clock, but every value that it makes
//! and every value that it compares goes through our own type of values, and
//! every turn of a loop through a function that is put into it. They all pay here;
//! when nothing is left, the run ends. So the same program on the same record
//! always ends in the same way, whatever the machine.
//!
//! The operators of the interpreter's values are told nothing of the run that
//! they are part of: hence a variable of the thread.

use std::cell::Cell;

/// The steps of one run: a few seconds of the slowest programs.
const STEPS: u64 = 10_000_000;

/// The bytes that one run may take, given back or not.
const BYTES: u64 = 128 * 1024 * 1024;

/// How many bytes are copied in the time of a step.
const BYTES_A_STEP: u64 = 32;

/// What a value takes beside its text.
pub(super) const VALUE: u64 = 24;

/// Why a run has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Too many steps.
    Steps,
    /// Too many bytes.
    Bytes,
    /// A value nested too deeply.
    Levels,
}

impl Over {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Over::Steps => "it takes too long for this record",
            Over::Bytes => "it makes too much of this record",
            Over::Levels => "what it makes is nested more than 100 levels deep",
        }
    }
}

thread_local! {
    static LEFT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static OVER: Cell<Option<Over>> = const { Cell::new(None) };
}

/// A run; its end is the budget's.
pub(super) struct Run(());

impl Run {
    /// Begins a run with all that there is.
    pub(super) fn begin() -> Run {
        LEFT.set((STEPS, BYTES));
        OVER.set(None);
        Run(())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        LEFT.set((0, 0));
    }
}

/// Pays for `steps`, and says whether the run may go on.
pub(super) fn pay(steps: u64) -> bool {
    let (left, bytes) = LEFT.get();
    match left.checked_sub(steps) {
        Some(left) => {
            LEFT.set((left, bytes));
            OVER.get().is_none()
        }
        None => end(Over::Steps),
    }
}

/// Pays for `taken` bytes, and says whether the run may go on.
pub(super) fn pay_bytes(taken: u64) -> bool {
    let (steps, left) = LEFT.get();
    match left.checked_sub(taken) {
        Some(left) => {
            LEFT.set((steps, left));
            pay(taken / BYTES_A_STEP + 1)
        }
        None => end(Over::Bytes),
    }
}

/// Pays for looking at `seen` bytes.
pub(super) fn pay_look(seen: usize) -> bool {
    pay(seen as u64 / BYTES_A_STEP + 1)
}

/// Ends the run.
pub(super) fn end(why: Over) -> bool {
    if OVER.get().is_none() {
        OVER.set(Some(why));
    }
    false
}

/// Why the run has to end, if it has to.
pub(super) fn over() -> Option<Over> {
    OVER.get()
}

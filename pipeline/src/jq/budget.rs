//! What a running program may still use.
//!
//! The interpreter has neither fuel nor a clock. But each value that it makes or
//! compares goes through our own type of values, and each turn of a loop goes
//! through a function that we put into the program. They all pay here. When
//! nothing is left, the program ends. So the same program on the same record
//! always ends in the same way, whatever the machine.
//!
//! The budget is a thread-local variable because the interpreter does not tell
//! the operators of its values which program they run in.

use std::cell::Cell;

/// The steps that a program may take: a few seconds of the slowest programs.
const STEPS: u64 = 10_000_000;

/// The bytes that a program may allocate in all, freed or not.
const BYTES: u64 = 128 * 1024 * 1024;

/// How many bytes are copied in the time of one step.
const BYTES_A_STEP: u64 = 32;

/// The bytes that a value takes besides its text.
pub(super) const VALUE: u64 = 24;

/// Why a program has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It took too many steps.
    Steps,
    /// It allocated too many bytes.
    Bytes,
    /// It made a value that is nested too deeply.
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

/// The full budget of a program that runs; nothing is left once it is dropped.
pub(super) struct Budget(());

impl Budget {
    pub(super) fn begin() -> Budget {
        LEFT.set((STEPS, BYTES));
        OVER.set(None);
        Budget(())
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        LEFT.set((0, 0));
    }
}

/// Pays for `steps` and returns whether the program may go on.
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

/// Pays for `taken` bytes and returns whether the program may go on.
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

/// Pays for reading `bytes` and returns whether the program may go on.
pub(super) fn pay_look(bytes: usize) -> bool {
    pay(bytes as u64 / BYTES_A_STEP + 1)
}

/// Ends the program. Returns false, as [`pay`] does then.
pub(super) fn end(why: Over) -> bool {
    if OVER.get().is_none() {
        OVER.set(Some(why));
    }
    false
}

/// Returns why the program has to end; `None` if it may go on.
pub(super) fn over() -> Option<Over> {
    OVER.get()
}

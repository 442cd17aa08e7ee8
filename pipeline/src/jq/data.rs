//! What a running program consists of, as the interpreter's types.

use jaq_core::data::HasLut;
use jaq_core::{DataT, Lut};
use mef_source::jq::Patterns;

use super::value::Val;

/// The interpreter's type parameter: programs on our values, with our data.
pub(super) struct Jq;

impl DataT for Jq {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

/// What functions can read besides their input.
#[derive(Clone)]
pub(super) struct Data<'a> {
    pub(super) lut: &'a Lut<Jq>,
    pub(super) patterns: &'a Patterns,
    /// What one turn of a loop costs, in steps.
    pub(super) turn: u64,
}

impl<'a> HasLut<'a, Jq> for Data<'a> {
    fn lut(&self) -> &'a Lut<Jq> {
        self.lut
    }
}

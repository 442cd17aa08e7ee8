//! Runs the jq programs of a source file.
//!
//! Each program was checked when the file was loaded: it calls only functions
//! that end and that reach nothing outside. The rest is bounded here, while it
//! runs: its steps, its memory, the depth of its values and the number of its
//! outputs. If a program fails or exceeds a bound, its record is rejected and no
//! other.

mod access;
mod budget;
mod compare;
mod compiled;
mod data;
mod definitions;
mod meter;
mod number;
mod operators;
mod text_functions;
mod value;
mod value_functions;

use std::cell::OnceCell;
use std::sync::OnceLock;

use mef_source::checked::EventSpec;
use mef_source::jq::Program;
use serde_json::Value;

use self::budget::Budget;
use self::compiled::Compiled;
use self::value::Val;
use crate::admitted::Context;

/// The most records that one record may be split into.
const MOST_RECORDS: usize = 100_000;

/// The programs of one event. Each is compiled when it first runs.
#[derive(Debug)]
pub(crate) struct Programs(Vec<OnceLock<Result<Compiled, String>>>);

/// What a program can read: the record and what came with it.
pub(crate) struct Input<'r> {
    context: &'r Context,
    parent: Option<&'r Value>,
    record: &'r Value,
    /// The record as a jq value, made when a program first runs.
    read: OnceCell<Val>,
}

impl<'r> Input<'r> {
    pub(crate) fn new(
        context: &'r Context,
        parent: Option<&'r Value>,
        record: &'r Value,
    ) -> Input<'r> {
        Input { context, parent, record, read: OnceCell::new() }
    }

    fn record(&self) -> Val {
        if let Some(read) = self.read.get() {
            return read.clone();
        }
        let read = Val::read(self.record);
        // If the budget ran out, the record was read only in part.
        if budget::over().is_none() {
            return self.read.get_or_init(|| read).clone();
        }
        read
    }
}

impl Programs {
    /// Makes room for the programs of `event`.
    pub(crate) fn new(event: &EventSpec) -> Programs {
        Programs((0..event.programs).map(|_| OnceLock::new()).collect())
    }

    /// Returns the one value that the program makes of the record; null if it makes
    /// none.
    ///
    /// # Errors
    ///
    /// Says why the program failed, without any value of the record.
    pub(crate) fn value(&self, program: &Program, input: &Input<'_>) -> Result<Value, String> {
        let budget = Budget::begin();
        let mut outputs = self.outputs(&budget, program, input, 1)?;
        finished(outputs.pop().unwrap_or(Val::Null).to_json())
    }

    /// Returns the records that the program makes of a larger one: the elements of
    /// its one list, or else all its outputs.
    ///
    /// # Errors
    ///
    /// As [`Programs::value`].
    pub(crate) fn records(
        &self,
        program: &Program,
        input: &Input<'_>,
    ) -> Result<Vec<Value>, String> {
        let budget = Budget::begin();
        let outputs = self.outputs(&budget, program, input, MOST_RECORDS)?;
        let records = match outputs.as_slice() {
            [Val::Arr(list)] if list.items.len() > MOST_RECORDS => {
                return Err(format!("it gives more than {MOST_RECORDS} records"));
            }
            [Val::Arr(list)] => list.items.iter().map(Val::to_json).collect(),
            outputs => outputs.iter().map(Val::to_json).collect(),
        };
        finished(records)
    }

    fn outputs(
        &self,
        budget: &Budget,
        program: &Program,
        input: &Input<'_>,
        most: usize,
    ) -> Result<Vec<Val>, String> {
        let slot = self.0.get(program.slot()).ok_or("there is no such program")?;
        let compiled = slot.get_or_init(|| Compiled::new(program)).as_ref()?;
        compiled.run(budget, input.record(), variables(program, input), most)
    }
}

/// Returns `made`, or an error if the budget ran out while it was made.
fn finished<T>(made: T) -> Result<T, String> {
    match budget::over() {
        Some(over) => Err(over.reason().to_owned()),
        None => Ok(made),
    }
}

/// Returns the variables in the order of [`mef_source::jq::VARIABLES`], without what
/// the program does not read.
fn variables(program: &Program, input: &Input<'_>) -> [Val; 5] {
    let text = |text: Option<&String>| text.map_or(Val::Null, |text| Val::str(text.as_str()));
    let uses = program.uses();
    let parent = input.parent.filter(|_| uses.parent).map_or(Val::Null, Val::read);
    let context = input.context;
    let headers = uses
        .headers
        .iter()
        .map(|(written, name)| (written.as_str().into(), text(context.headers.get(name))));
    let query = uses.query.iter().map(|name| (name.as_str().into(), text(context.query.get(name))));
    [
        parent,
        Val::object(headers.collect()),
        Val::object(query.collect()),
        Val::str(context.received_at.to_string()),
        text(context.delivery_id.as_ref()),
    ]
}

//! Runs the jq programs of a source file.
//!
//! A program was checked when the file was loaded: it calls nothing but what ends
//! and stays inside. What is left is bounded here, while it runs: its steps, its
//! memory, the depth of what it makes, and the number of its outputs. A program
//! that goes over a bound, or fails, refuses its record and no other.

mod access;
mod budget;
mod compare;
mod compiled;
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

use self::budget::Run;
use self::compiled::Compiled;
use self::value::Val;
use crate::admitted::Context;

/// The most records that one may be split into.
const MOST_RECORDS: usize = 100_000;

/// The programs of one event, each compiled when it is first needed.
#[derive(Debug)]
pub(crate) struct Programs(Vec<OnceLock<Result<Compiled, String>>>);

/// What a program may see: the record, and what brought it.
pub(crate) struct Seen<'r> {
    context: &'r Context,
    parent: Option<&'r Value>,
    record: &'r Value,
    /// The record as the programs of its event know it.
    read: OnceCell<Val>,
}

impl<'r> Seen<'r> {
    pub(crate) fn new(
        context: &'r Context,
        parent: Option<&'r Value>,
        record: &'r Value,
    ) -> Seen<'r> {
        Seen { context, parent, record, read: OnceCell::new() }
    }

    fn record(&self) -> Val {
        if let Some(read) = self.read.get() {
            return read.clone();
        }
        let read = Val::read(self.record);
        // What was read in part is of no use to the next program.
        if budget::over().is_none() {
            return self.read.get_or_init(|| read).clone();
        }
        read
    }
}

impl Programs {
    /// Room for the programs of `event`.
    pub(crate) fn new(event: &EventSpec) -> Programs {
        Programs((0..event.programs).map(|_| OnceLock::new()).collect())
    }

    /// The one value that the program makes of the record; null if it makes none.
    ///
    /// # Errors
    ///
    /// Why there is none, without anything that the record holds.
    pub(crate) fn value(&self, program: &Program, seen: &Seen<'_>) -> Result<Value, String> {
        let run = Run::begin();
        let mut outputs = self.outputs(&run, program, seen, 1)?;
        finished(outputs.pop().unwrap_or(Val::Null).to_json())
    }

    /// The records that the program makes of a larger one: the elements of the
    /// list that it gives, or all that it gives.
    ///
    /// # Errors
    ///
    /// As with [`Programs::value`].
    pub(crate) fn records(&self, program: &Program, seen: &Seen<'_>) -> Result<Vec<Value>, String> {
        let run = Run::begin();
        let outputs = self.outputs(&run, program, seen, MOST_RECORDS)?;
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
        run: &Run,
        program: &Program,
        seen: &Seen<'_>,
        most: usize,
    ) -> Result<Vec<Val>, String> {
        let slot = self.0.get(program.slot()).ok_or("there is no such program")?;
        let compiled = slot.get_or_init(|| Compiled::new(program)).as_ref()?;
        compiled.run(run, seen.record(), variables(program, seen), most)
    }
}

/// What is made, unless the budget ran out while it was written down.
fn finished<T>(made: T) -> Result<T, String> {
    match budget::over() {
        Some(over) => Err(over.reason().to_owned()),
        None => Ok(made),
    }
}

/// In the order of [`mef_source::jq::VARIABLES`]; what is not read is left out.
fn variables(program: &Program, seen: &Seen<'_>) -> [Val; 5] {
    let text = |text: Option<&String>| text.map_or(Val::Null, |text| Val::str(text.as_str()));
    let uses = program.uses();
    let parent = seen.parent.filter(|_| uses.parent).map_or(Val::Null, Val::read);
    let context = seen.context;
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

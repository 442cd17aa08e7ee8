//! `jq:` programs, for the maps and splits that templates cannot express.
//!
//! The operator writes a program and the vendor feeds it, so only programs that
//! surely end are allowed: no definitions, no recursion, only functions of a
//! list, and no access to anything outside of the record. All of this is
//! checked here, and mistakes are reported with their place. At run time, the
//! crate `pipeline` only has to count steps and bytes.

mod check;
mod fault;
mod functions;
mod nesting;
mod patterns;
mod program;

pub use check::{Uses, VARIABLES};
pub use fault::Fault;
pub use functions::allowed;
pub use nesting::LONGEST;
pub use patterns::Patterns;
pub use program::Program;

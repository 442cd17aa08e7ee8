//! What one index makes of the events of all sources.
//!
//! MozDef keeps them in one index. Elasticsearch gives each field the type of its first value, and refuses
//! every later event that has another kind of value there: which source loses depends on who came first.
//! So `mef check` looks at all sources of a folder at once, at what their maps say and what their tests
//! expect. It knows no more than these show.

mod clashes;
mod events;
mod fields;
mod maps;

pub(crate) use clashes::warn;

//! The source file: one YAML file that says how a vendor's events are
//! authenticated, received or fetched, validated, and turned into SIEM events.
//!
//! There are two forms. [`written`] is what a person typed, with the place of
//! every value; [`checked`] is what it means, with every path, template and
//! unit already understood. [`load`] leads from the first to the second, does
//! no I/O, and reports every problem with its line and column. The rest of the
//! framework only ever sees the second.

pub mod checked;
mod digest_text;
mod event_severity;
pub mod jq;
mod located;
mod name;
mod node;
mod path;
mod path_error;
mod pieces;
mod presets;
mod problem;
mod schema;
mod sha256;
mod spelling;
pub mod template;
mod time_format;
mod time_zone;
mod units;
pub mod written;

pub use checked::{ExpandedPreset, Expansion, Loaded, Source, load};
pub use digest_text::DigestText;
pub use event_severity::{EVENT_SEVERITIES, event_severity};
pub use name::SourceName;
pub use path::{Path, Root};
pub use path_error::PathError;
pub use pieces::pieces;
pub use presets::{
    Need, Preset, preset, preset_names, preset_names_near, presets, presets_reference,
};
pub use problem::{Place, Problem, Severity};
pub use schema::source_file_schema;
pub use sha256::sha256_hex;
pub use spelling::near;
pub use template::Template;
pub use time_zone::{Doubled, Zone};

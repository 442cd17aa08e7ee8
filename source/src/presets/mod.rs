//! Presets: the part of a source file that is the same for everyone who takes
//! a vendor's webhooks.
//!
//! A preset is a file under `presets/`. All of them are built into the binary,
//! so a source that names one needs no other file; a preset is parsed only
//! when it is asked for. The code knows no vendor: if something cannot be said
//! in a preset, the language of the source file is extended.

pub(crate) mod catalogue;
mod describe;
mod overrides;
mod preset;
mod reference;

pub(crate) use catalogue::text_of;
pub use catalogue::{preset_names, preset_names_near};
pub(crate) use describe::described;
pub(crate) use overrides::overridden;
pub use preset::{Need, Preset, preset, presets};
pub use reference::presets_reference;

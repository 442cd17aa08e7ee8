//! Presets: the part of a source file that is the same for everyone who takes a vendor's
//! webhooks, or asks a vendor for an access token.
//!
//! A preset of `webhook` is a file under `presets/`, one of `poll.auth` a file under
//! `presets/auth/`. All of them are built into the binary, so a source that names one needs no
//! other file. The code knows no vendor: if something cannot be said in a preset, the language
//! of the source file is extended.

pub(crate) mod auth;
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

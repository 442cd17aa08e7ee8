//! The preset files that are built in, by name.

use serde::de::DeserializeOwned;

use crate::spelling::near;

/// The name and the text of every preset, sorted by name.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// The name and the text of every preset of `poll.auth`, sorted by name.
pub(super) const AUTH_FILES: &[(&str, &str)] =
    include!(concat!(env!("OUT_DIR"), "/auth_presets.rs"));

/// Returns the names of all presets, sorted.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Returns the names of presets that `written` may be a misspelling of, nearest
/// first.
pub fn preset_names_near(written: &str) -> Vec<&'static str> {
    near(written, preset_names())
}

/// Returns the text of the preset called `name`.
pub(crate) fn text_of(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Reads the text of a preset's file.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

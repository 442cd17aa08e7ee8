//! Tells what is at a place that a check reads, without telling a credential.
//!
//! A reason names the first thing that is wrong. Whoever mends the source file
//! wants to see all of it: that the signature is there but under another key,
//! that the time is in milliseconds, that the header has another name.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use mef_source::{Path, Root};

use super::explanation::Noticed;
use crate::verify::read::values::RequestView;
use crate::verify::request_part::RequestPart;

/// How many characters are shown of a value that is no credential.
const SHOWN: usize = 80;
/// How many items of a list are shown.
pub(crate) const ITEMS: usize = 12;

/// Tells of values that are credentials.
pub(crate) fn credentials<V: AsRef<[u8]>>(
    what: &'static str,
    part: RequestPart,
    values: impl IntoIterator<Item = V>,
) -> Noticed {
    let texts: Vec<_> = values.into_iter().map(|value| of_credential(value.as_ref())).collect();
    Noticed { what, part, found: listed(&texts) }
}

/// Tells of values that are no credentials.
pub(crate) fn plain(what: &'static str, path: &Path, view: RequestView<'_>) -> Noticed {
    let texts: Vec<_> = values(path, view).iter().map(|value| quoted(value)).collect();
    Noticed { what, part: RequestPart::of(path), found: listed(&texts) }
}

/// Tells how long a credential is, and how it is written.
pub(crate) fn of_credential(value: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(value) else {
        return format!("{} bytes that are no text", value.len());
    };
    let count = text.chars().count();
    let written = [
        ("hexadecimal", hex::decode(text).ok()),
        ("base64", STANDARD_PAD_INDIFFERENT.decode(text).ok()),
        ("base64 with the URL alphabet", URL_SAFE_PAD_INDIFFERENT.decode(text).ok()),
    ];
    match written.into_iter().find_map(|(name, bytes)| Some((name, bytes?))) {
        _ if text.is_empty() => "empty".to_owned(),
        Some((name, bytes)) => format!("{count} characters, {name} of {} bytes", bytes.len()),
        None => format!("{count} characters"),
    }
}

/// Returns every value at `path`.
pub(crate) fn values(path: &Path, view: RequestView<'_>) -> Vec<Vec<u8>> {
    let request = view.request;
    match path.root() {
        Root::Header => request.header_values(path.name()).map(<[u8]>::to_vec).collect(),
        Root::Query => request.query_values(path.name()).collect(),
        Root::Form => request.form_values(path.name()).collect(),
        Root::Signature => Vec::new(),
        _ => view.bytes(path).ok().flatten().map(|value| value.into_owned()).into_iter().collect(),
    }
}

/// Lists what was found at one place.
pub(crate) fn listed(texts: &[String]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        several => {
            let shown: Vec<_> = several.iter().take(ITEMS).map(String::as_str).collect();
            format!("{} times: {}", several.len(), shown.join(" | "))
        }
    }
}

/// Quotes the start of a value that is no credential.
pub(crate) fn quoted(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let shown: String = text.chars().take(SHOWN).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", shown.escape_debug())
}

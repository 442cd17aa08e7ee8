//! The forms in which vendors and libraries give a credential back.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::form_urlencoded;

use crate::query::RESERVED;

/// The fewest characters of a credential that is masked. Masking every `a` would
/// make a log unreadable, and its holes would spell the secret out; nothing that
/// short protects anything.
pub(super) const SHORTEST: usize = 4;

/// What JavaScript's `encodeURIComponent` escapes.
const COMPONENT: &AsciiSet =
    &RESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// What a URL parser escapes in a query, and in a path.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// Returns every form in which `text` may come back, each once.
pub(super) fn forms(text: &str) -> BTreeSet<String> {
    let bytes = text.as_bytes();
    let hex = hex::encode(bytes);
    let mut forms = BTreeSet::from([
        text.to_owned(),
        inside_quotes(&format!("{text:?}")),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hex.to_uppercase(),
        hex,
    ]);
    let form: String = form_urlencoded::byte_serialize(bytes).collect();
    // The Basic credentials of an OAuth client are made of it (RFC 6749 §2.3.1).
    forms.extend(inside_base64(form.as_bytes()));
    let spaced = utf8_percent_encode(text, RESERVED).to_string().replace("%20", "+");
    let encoded = [RESERVED, COMPONENT, QUERY, PATH]
        .map(|set| utf8_percent_encode(text, set).to_string())
        .into_iter()
        .chain([form, spaced]);
    for encoded in encoded {
        // Once more for a URL inside a URL, as in a redirect to a login.
        let twice = encoded.replace('%', "%25");
        forms.extend([with_lower_escapes(&encoded), with_lower_escapes(&twice), encoded, twice]);
    }
    forms.extend(html(text));
    let json = json_inside(text);
    let ascii = |safe: fn(char) -> bool, digit: fn(u16) -> String| -> String {
        let escape = |c: char| match safe(c) {
            true => json_inside(c.encode_utf8(&mut [0; 4])),
            false => c.encode_utf16(&mut [0; 2]).iter().map(|unit| digit(*unit)).collect(),
        };
        text.chars().map(escape).collect()
    };
    let (lower, upper) =
        (|unit: u16| format!("\\u{unit:04x}"), |unit: u16| format!("\\u{unit:04X}"));
    let escaped = [
        ascii(|c| c.is_ascii(), lower),
        ascii(|c| c.is_ascii(), upper),
        // As Go, PHP with all its flags, and .NET write it.
        ascii(|c| !"&<>".contains(c), lower),
        ascii(|c| c.is_ascii() && !"&<>'\"".contains(c), upper),
        ascii(|c| c.is_ascii() && !"&<>'\"+`".contains(c), upper),
    ];
    for json in escaped.into_iter().chain([json]) {
        forms.insert(json.replace('/', "\\/"));
        // Once more for JSON inside a JSON string, as in logs of logs.
        forms.insert(json_inside(&json));
        forms.insert(json);
    }
    forms.extend(inside_base64(bytes));
    forms
}

/// Returns `text` as HTML has it, with its quotes written in each of four ways.
fn html(text: &str) -> [String; 4] {
    let plain = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = |double, single| plain.replace('"', double).replace('\'', single);
    [
        quoted("\"", "'"),
        quoted("&#34;", "&#39;"),
        quoted("&quot;", "&#39;"),
        quoted("&quot;", "&#x27;"),
    ]
}

fn json_inside(text: &str) -> String {
    inside_quotes(&serde_json::Value::from(text).to_string())
}

fn inside_quotes(quoted: &str) -> String {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// Turns `%2F` into `%2f`; the rest stays.
pub(super) fn with_lower_escapes(encoded: &str) -> String {
    let mut escape = 0;
    let lower = |c: char| {
        escape = if c == '%' { 2 } else { i32::max(escape - 1, -1) };
        if c != '%' && escape >= 0 { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}

/// Returns the part of the base64 of any longer text with `bytes` in it that is always
/// the same, for each of the three offsets at which `bytes` can start.
fn inside_base64(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..3).flat_map(move |before| {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        // The characters whose six bits all belong to `bytes`.
        let first = (before * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)]
            .into_iter()
            .filter_map(move |text| text.get(first..end).map(str::to_owned))
            .filter(|text| text.len() >= SHORTEST)
    })
}

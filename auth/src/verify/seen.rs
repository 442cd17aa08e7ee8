//! What is at the places that a check reads, told without telling a credential.
//!
//! A refusal names the first thing that is wrong. Whoever mends the source file
//! wants to see all of it: that the signature is there but under another key,
//! that the time is in milliseconds, that the header has another name.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use jiff::{SignedDuration, Timestamp};
use mef_source::checked::{Check, Signature, SignatureFrom, Signed, SignedTime, TokenFrom};
use mef_source::{Path, Root};

use super::denied::Place;
use super::mask::{Mask, numbered};
use super::read::Scope;
use super::trace::Seen;
use super::{AUTHORIZATION, read, signature, timestamp};
use crate::Request;

/// How much is shown of a value that is no credential.
const SHOWN: usize = 80;
/// How many items of a list are shown.
const ITEMS: usize = 12;

/// What `check` finds in `request` at the moment `now`.
pub(super) fn seen(check: &Check, request: &Request, now: Timestamp) -> Vec<Seen> {
    match check {
        Check::Hmac(hmac) => of_signed(&hmac.signed, request, now),
        Check::PublicKey(key) => of_signed(&key.signed, request, now),
        Check::Token(token) => of_token(&token.from, request),
        Check::Jwt(jwt) => of_token(&jwt.from, request),
        Check::Basic(_) => of_token(&TokenFrom::Header(AUTHORIZATION.to_owned()), request),
        Check::Digest(digest) => vec![plain("digest", &digest.equals, request)],
        // What it reads is told with the reason.
        Check::AwsSns(_) | Check::Ip(_) => Vec::new(),
        // They tell of themselves.
        Check::Any(_) | Check::All(_) => Vec::new(),
    }
}

/// Of values that are signed one by one, what is told is where they are.
fn of_signed(signed: &Signed, request: &Request, now: Timestamp) -> Vec<Seen> {
    if let Some(each) = &signed.each {
        let count = read::json_all(request.body(), each).map_or(0, |elements| elements.len());
        let found = format!("{count} values, each signed for itself");
        return vec![Seen { what: "elements", place: Place::of(each), found }];
    }
    let mut seen = signatures(&signed.signature, request);
    let time = signed.timestamp.iter();
    seen.extend(time.map(|time| of_time(time, &signed.signature, request, now)));
    seen.extend(signed.id.iter().map(|path| plain("id", path, request)));
    seen
}

/// The places of a signature.
pub(super) fn signatures(signature: &Signature, request: &Request) -> Vec<Seen> {
    let at = |from: &SignatureFrom| {
        let place = Place::of_signature(std::slice::from_ref(from));
        let texts: Vec<String> = match from {
            SignatureFrom::NumberedHeaders(prefix) => {
                let lines = request.headers().iter();
                let mine = lines.filter(|(name, _)| numbered(name, prefix).is_some());
                mine.map(|(name, line)| format!("`{name}`: {}", items(signature, line))).collect()
            }
            SignatureFrom::Path(path) => {
                values(path, request).iter().map(|value| items(signature, value)).collect()
            }
        };
        Seen { what: "signature", place, found: listed(&texts) }
    };
    signature.from.iter().map(at).collect()
}

/// The place of a signed time.
pub(super) fn of_time(
    time: &SignedTime,
    signature: &Signature,
    request: &Request,
    now: Timestamp,
) -> Seen {
    let place = Place::of(&time.from);
    let text = match time.from.root() {
        // What is wrong with the signature itself is said at its own place.
        Root::Signature => {
            signature::read(signature, Scope::whole(request), &mut Mask::default()).ok().and_then(
                |items| items.under(&time.from.segments().join(".")).next().map(str::to_owned),
            )
        }
        _ => read::text(Scope::whole(request), &time.from)
            .ok()
            .flatten()
            .map(std::borrow::Cow::into_owned),
    };
    let found = match text {
        None => return Seen { what: "timestamp", ..plain("timestamp", &time.from, request) },
        Some(text) => match timestamp::parse(&text, time.unit).map(Timestamp::from_nanosecond) {
            Some(Ok(moment)) => {
                format!("{}, which is {moment}, {}", quoted(text.as_bytes()), distance(moment, now))
            }
            _ => format!("{}, which is no time as the source writes it", quoted(text.as_bytes())),
        },
    };
    Seen { what: "timestamp", place, found }
}

fn of_token(from: &TokenFrom, request: &Request) -> Vec<Seen> {
    let (place, values) = match from {
        TokenFrom::Header(name) => (
            Place::Header(name.clone()),
            request.header_values(name).map(<[u8]>::to_vec).collect::<Vec<_>>(),
        ),
        TokenFrom::Query(name) => {
            (Place::Query(name.clone()), request.query_values(name).collect())
        }
        TokenFrom::Json(path) => {
            let found = read::json_all(request.body(), path).unwrap_or_default();
            let strings = found.into_iter().filter_map(|value| read::string(value, path).ok());
            (Place::of(path), strings.map(|text| text.into_owned().into_bytes()).collect())
        }
    };
    let texts: Vec<_> = values.iter().map(|value| of_credential(value)).collect();
    vec![Seen { what: "token", place, found: listed(&texts) }]
}

/// A value that is no credential, as it came.
pub(super) fn plain(what: &'static str, path: &Path, request: &Request) -> Seen {
    let texts: Vec<_> = values(path, request).iter().map(|value| quoted(value)).collect();
    Seen { what, place: Place::of(path), found: listed(&texts) }
}

/// How long a credential is, and how it is written.
pub(super) fn of_credential(value: &[u8]) -> String {
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

/// The items of one signature text: their keys, and what each is.
fn items(written: &Signature, value: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(value) else { return of_credential(value) };
    let mut items = Vec::new();
    signature::split(written, text, &mut items);
    let shown: Vec<_> = items
        .iter()
        .take(ITEMS)
        .map(|(key, value)| match key {
            Some(key) => {
                let taken = if written.take.contains(key) { "" } else { " (not taken)" };
                format!("{}{taken} of {}", quoted(key.as_bytes()), of_credential(value.as_bytes()))
            }
            None => of_credential(value.as_bytes()),
        })
        .collect();
    let more = items.len().saturating_sub(ITEMS);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    match shown.is_empty() {
        true => "empty".to_owned(),
        false => shown.join("; ") + &more,
    }
}

/// Every value at `path`.
fn values(path: &Path, request: &Request) -> Vec<Vec<u8>> {
    match path.root() {
        Root::Header => request.header_values(path.name()).map(<[u8]>::to_vec).collect(),
        Root::Query => request.query_values(path.name()).collect(),
        Root::Signature => Vec::new(),
        _ => {
            let value = read::bytes(Scope::whole(request), path).ok().flatten();
            value.map(std::borrow::Cow::into_owned).into_iter().collect()
        }
    }
}

fn listed(texts: &[String]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        several => {
            let shown: Vec<_> = several.iter().take(ITEMS).map(String::as_str).collect();
            format!("{} times: {}", several.len(), shown.join(" | "))
        }
    }
}

fn quoted(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let shown: String = text.chars().take(SHOWN).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", shown.escape_debug())
}

fn distance(moment: Timestamp, now: Timestamp) -> String {
    let since: SignedDuration = now.duration_since(moment);
    match since.as_secs() {
        0 => "now".to_owned(),
        seconds if seconds > 0 => format!("{seconds} s before"),
        seconds => format!("{} s ahead", seconds.unsigned_abs()),
    }
}

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

use super::mask::{Mask, numbered};
use super::explanation::Seen;
use crate::Request;
use crate::verify::read::request_part::Place;
use crate::verify::read::values as read;
use crate::verify::read::values::Scope;
use crate::verify::signed::signature;
use crate::verify::signed::timestamp;
use crate::verify::{AUTHORIZATION, Context};

/// How much is shown of a value that is no credential.
const SHOWN: usize = 80;
/// How many items of a list are shown.
const ITEMS: usize = 12;
/// Of how many values that are signed one by one it is told.
const ELEMENTS: usize = 3;

/// What `check` finds. Checks that are made of others say it themselves.
pub(crate) fn seen(check: &Check, context: Context<'_>) -> Vec<Seen> {
    let request = context.request;
    match check {
        Check::Hmac(hmac) => of_signed(&hmac.signed, context),
        Check::PublicKey(key) => of_signed(&key.signed, context),
        Check::Token(token) => of_token(&token.from, request),
        Check::Jwt(jwt) => of_token(&jwt.from, request),
        // What is read of it is signed, and told with the signed text.
        Check::AwsSns(_) => Vec::new(),
        Check::Basic(_) => vec![of_header("name and password", AUTHORIZATION, request)],
        Check::Ip(_) => {
            let found = request.peer().map_or("not known".to_owned(), |peer| peer.to_string());
            vec![Seen { what: "address", place: Place::Peer, found }]
        }
        Check::Digest(digest) => {
            let values = values(&digest.equals, Scope::whole(request));
            let texts: Vec<_> = values.iter().map(|value| of_credential(value)).collect();
            let found = listed(&texts);
            vec![Seen { what: "digest", place: Place::of(&digest.equals), found }]
        }
        Check::Any(_) | Check::All(_) => Vec::new(),
    }
}

fn of_signed(signed: &Signed, context: Context<'_>) -> Vec<Seen> {
    let request = context.request;
    let scopes = match &signed.each {
        None => vec![Scope::whole(request)],
        Some(each) => {
            let elements = read::json_all(request.body(), each).unwrap_or_default();
            elements.into_iter().take(ELEMENTS).map(|e| Scope::within(request, e)).collect()
        }
    };
    let one = |scope| {
        let mut seen = signatures(&signed.signature, scope);
        let time = signed.timestamp.iter();
        seen.extend(time.map(|time| of_time(time, &signed.signature, scope, context.now)));
        seen.extend(signed.id.iter().map(|path| plain("id", path, scope)));
        seen
    };
    scopes.into_iter().flat_map(one).collect()
}

fn of_header(what: &'static str, name: &str, request: &Request) -> Seen {
    let texts: Vec<_> = request.header_values(name).map(of_credential).collect();
    Seen { what, place: Place::Header(name.to_owned()), found: listed(&texts) }
}

/// The places of a signature.
fn signatures(signature: &Signature, scope: Scope<'_>) -> Vec<Seen> {
    let at = |from: &SignatureFrom| {
        let place = Place::of_signature(std::slice::from_ref(from));
        let texts: Vec<String> = match from {
            SignatureFrom::NumberedHeaders(prefix) => {
                let lines = scope.request.headers().iter();
                let mine = lines.filter(|(name, _)| numbered(name, prefix).is_some());
                mine.map(|(name, line)| format!("`{name}`: {}", items(signature, line))).collect()
            }
            SignatureFrom::Path(path) => {
                values(path, scope).iter().map(|value| items(signature, value)).collect()
            }
        };
        Seen { what: "signature", place, found: listed(&texts) }
    };
    signature.from.iter().map(at).collect()
}

/// The place of a signed time.
fn of_time(time: &SignedTime, signature: &Signature, scope: Scope<'_>, now: Timestamp) -> Seen {
    let place = Place::of(&time.from);
    let text = match time.from.root() {
        // What is wrong with the signature itself is said at its own place.
        Root::Signature => {
            signature::read(signature, scope, &mut Mask::default()).ok().and_then(|items| {
                items.under(&time.from.segments().join(".")).next().map(str::to_owned)
            })
        }
        _ => read::text(scope, &time.from).ok().flatten().map(std::borrow::Cow::into_owned),
    };
    let found = match text {
        None => return Seen { what: "timestamp", ..plain("timestamp", &time.from, scope) },
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
fn plain(what: &'static str, path: &Path, scope: Scope<'_>) -> Seen {
    let texts: Vec<_> = values(path, scope).iter().map(|value| quoted(value)).collect();
    Seen { what, place: Place::of(path), found: listed(&texts) }
}

/// How long a credential is, and how it is written.
fn of_credential(value: &[u8]) -> String {
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
fn values(path: &Path, scope: Scope<'_>) -> Vec<Vec<u8>> {
    let request = scope.request;
    match path.root() {
        Root::Header => request.header_values(path.name()).map(<[u8]>::to_vec).collect(),
        Root::Query => request.query_values(path.name()).collect(),
        Root::Signature => Vec::new(),
        _ => {
            let value = read::bytes(scope, path).ok().flatten();
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

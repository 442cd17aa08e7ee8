//! Tells what is at the places that the check of a signature reads.

use std::borrow::Cow;

use jiff::Timestamp;
use mef_source::Root;
use mef_source::checked::{Signature, SignatureFrom, Signed, SignedTime};

use super::{signature, timestamp};
use crate::verify::context::Context;
use crate::verify::read::credential::numbered;
use crate::verify::read::json;
use crate::verify::read::values::RequestView;
use crate::verify::request_part::RequestPart;
use crate::verify::told::explanation::Noticed;
use crate::verify::told::mask::Mask;
use crate::verify::told::noticed::{ITEMS, listed, of_credential, plain, quoted, values};

/// How many of the values that are signed one by one are told of.
const ELEMENTS: usize = 3;

/// Tells of the signature, its time and its id.
pub(crate) fn notice(signed: &Signed, context: Context<'_>) -> Vec<Noticed> {
    let request = context.request;
    let views = match &signed.each {
        None => vec![RequestView::whole(request)],
        Some(each) => {
            let elements = json::all(request.body(), each).unwrap_or_default();
            elements.into_iter().take(ELEMENTS).map(|e| RequestView::within(request, e)).collect()
        }
    };
    let one = |view| {
        let mut noticed = signatures(&signed.signature, view);
        let time = signed.timestamp.iter();
        noticed.extend(time.map(|time| of_time(time, &signed.signature, view, context.now)));
        noticed.extend(signed.id.iter().map(|path| plain("id", path, view)));
        noticed
    };
    views.into_iter().flat_map(one).collect()
}

fn signatures(signature: &Signature, view: RequestView<'_>) -> Vec<Noticed> {
    let at = |from: &SignatureFrom| {
        let part = RequestPart::of_signature(std::slice::from_ref(from));
        let texts: Vec<String> = match from {
            SignatureFrom::NumberedHeaders(prefix) => {
                let lines = view.request.headers().iter();
                let mine = lines.filter(|(name, _)| numbered(name, prefix).is_some());
                mine.map(|(name, line)| format!("`{name}`: {}", items(signature, line))).collect()
            }
            SignatureFrom::Path(path) => {
                values(path, view).iter().map(|value| items(signature, value)).collect()
            }
        };
        Noticed { what: "signature", part, found: listed(&texts) }
    };
    signature.from.iter().map(at).collect()
}

fn of_time(
    time: &SignedTime,
    signature: &Signature,
    view: RequestView<'_>,
    now: Timestamp,
) -> Noticed {
    let text = match time.from.root() {
        // What is wrong with the signature itself is told at its own place.
        Root::Signature => signature::read(signature, view, &mut Mask::default())
            .ok()
            .and_then(|items| items.under(time.from.name()).next().map(str::to_owned)),
        _ => view.text(&time.from).ok().flatten().map(Cow::into_owned),
    };
    let Some(text) = text else { return plain("timestamp", &time.from, view) };
    let found = match timestamp::parse(&text, time.unit).map(Timestamp::from_nanosecond) {
        Some(Ok(moment)) => {
            format!("{}, which is {moment}, {}", quoted(text.as_bytes()), distance(moment, now))
        }
        _ => format!("{}, which is no time as the source writes it", quoted(text.as_bytes())),
    };
    Noticed { what: "timestamp", part: RequestPart::of(&time.from), found }
}

/// Tells of the items of one signature text: their keys, and what each is.
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

fn distance(moment: Timestamp, now: Timestamp) -> String {
    match now.duration_since(moment).as_secs() {
        0 => "now".to_owned(),
        seconds if seconds > 0 => format!("{seconds} s before"),
        seconds => format!("{} s ahead", seconds.unsigned_abs()),
    }
}

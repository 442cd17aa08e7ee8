//! The forms of a request that vendors sign and that no template can express.
//!
//! Each follows the library that its vendor gives to receivers, down to the order
//! of names: by UTF-16 code units, as JavaScript sorts.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::query::{RESERVED, form_decode, pieces};
use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::read::values;
use crate::verify::request_part::RequestPart;

/// The parameter that holds the token, which cannot sign itself.
const TOKEN_PARAMETER: &str = "jwt";

/// The most fields of a form, or parameters of a query, that are sorted. Of the vendors that sign them so,
/// Twilio sends dozens and Mandrill one.
const MAX_FIELDS: usize = 1_000;

/// What `encodeURIComponent` of JavaScript escapes (ECMA-262 §19.2.6.4).
const NOT_IN_COMPONENT: &AsciiSet =
    &RESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// What `encodeURI` of JavaScript escapes (ECMA-262 §19.2.6.3).
const NOT_IN_URI: &AsciiSet = &NOT_IN_COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');

/// A name that means something else in JavaScript, so that the libraries that sign
/// skip it.
const PROTOTYPE: &str = "__proto__";

/// Returns the fields of a form body: sorted by name, each name followed by its value,
/// with nothing between them. A field with several values counts once for each
/// value that differs, sorted
/// (<https://www.twilio.com/docs/usage/security#validating-requests>).
///
/// # Errors
///
/// Fails if the form is not UTF-8 text, also in its escapes, if it has more than 1,000 fields, or if the body
/// holds something and the form says nothing: what is signed before it would then pass for a signed form. An empty body is nothing, and
/// is what is signed then.
pub(crate) fn form_sorted(body: &[u8]) -> Result<Vec<u8>, Denied> {
    let part = RequestPart::Json(String::new());
    let form = std::str::from_utf8(body).map_err(|_| Denied::NotText(part.clone()))?;
    let mut fields = sorted(form, &part)?;
    fields.dedup();
    let mut text = Vec::with_capacity(body.len());
    for (name, value) in &fields {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(value.as_bytes());
    }
    if text.is_empty() && !body.is_empty() {
        return Err(Denied::Missing(part));
    }
    Ok(text)
}

/// Returns the path and query as `encodeURI` of JavaScript writes them, once the query as a whole was
/// escaped: `?a=1` is signed as `?a%253D1`
/// (<https://github.com/contentful/node-apps-toolkit/blob/main/src/requests/utils.ts>).
///
/// That library does not sign what stands behind a second `?`. Here it is part of the text, so a request
/// that has one is refused.
pub(crate) fn escaped_path_query(request: &Request) -> String {
    let path = utf8_percent_encode(request.path(), NOT_IN_URI).to_string();
    match request.raw_query() {
        "" => path,
        query => {
            let escaped = utf8_percent_encode(query, NOT_IN_COMPONENT).to_string();
            format!("{path}?{}", escaped.replace('%', "%25"))
        }
    }
}

/// Returns the headers that the header `list` names: `name:value`, names in lower case
/// and sorted, values trimmed, with `;` between them
/// (<https://www.contentful.com/developers/docs/extensibility/app-framework/request-verification/>).
///
/// The list must name itself and, if there is one, `time`: what it leaves out
/// is not signed, and anybody could change it.
///
/// # Errors
///
/// Fails if a header is missing, was sent twice, or is not in the list and must be.
pub(crate) fn signed_headers(
    request: &Request,
    list: &str,
    time: Option<&str>,
) -> Result<Vec<u8>, Denied> {
    let part = |name: &str| RequestPart::Header(name.to_owned());
    let listed = values::header(request, list)?.ok_or_else(|| Denied::Missing(part(list)))?;
    let listed = std::str::from_utf8(listed).map_err(|_| Denied::NotText(part(list)))?;
    let names: BTreeSet<String> =
        listed.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    for name in [list].into_iter().chain(time) {
        if !names.contains(name) {
            return Err(Denied::HeaderNotSigned { part: part(name), list: part(list) });
        }
    }
    let mut text = Vec::new();
    for name in &names {
        let value = values::header(request, name)?.ok_or_else(|| Denied::Missing(part(name)))?;
        if !text.is_empty() {
            text.push(b';');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(value.trim_ascii());
    }
    Ok(text)
}

/// What separates the values of listed headers, and the last one from the body.
const DOT: u8 = b'.';

/// Returns the values of the headers that `list` names, in its order, with `.` between them. The names stand
/// with white space between them.
///
/// The same text must not be that of another request. So only the last value may hold a dot, as an event's
/// type does (`wallet.created`), and it ends where the body begins: with the first brace or bracket.
///
/// # Errors
///
/// Fails if a header is missing, was sent twice or is listed twice: a short list of one long header would
/// else make a text of any length. Fails if the text could be taken apart in another way.
pub(crate) fn header_values(request: &Request, list: &str) -> Result<Vec<u8>, Denied> {
    let (mut values, mut listed) = (Vec::new(), BTreeSet::new());
    for name in list.split_ascii_whitespace().map(str::to_ascii_lowercase) {
        if !listed.insert(name.clone()) {
            return Err(Denied::Duplicated(RequestPart::Header(name)));
        }
        let part = RequestPart::Header(name.clone());
        let Some(value) = values::header(request, &name)? else {
            return Err(Denied::Missing(part));
        };
        values.push((part, value.trim_ascii()));
    }
    if !request.body().is_empty() && !begins_as_json(request.body()) {
        return Err(Denied::AmbiguousPart(RequestPart::Json(String::new())));
    }
    let last = values.len().saturating_sub(1);
    let is_whole =
        |at: usize, value: &[u8]| !value.contains(&DOT) || at == last && !may_hold_json(value);
    match values.iter().enumerate().find(|(at, (_, value))| !is_whole(*at, value)) {
        Some((_, (part, _))) => Err(Denied::AmbiguousPart(part.clone())),
        None => Ok(values.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(&DOT)),
    }
}

/// Returns whether `body` begins as a JSON object or list does.
pub(crate) fn begins_as_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start(), [b'{' | b'[', ..])
}

/// Returns whether the beginning of a JSON object or list can be in `value`.
pub(crate) fn may_hold_json(value: &[u8]) -> bool {
    value.iter().any(|byte| matches!(byte, b'{' | b'['))
}

/// Returns method, path and query with `&` between them: the path without a slash at
/// its end, the parameters but for the token sorted and encoded anew, the
/// values of one name sorted and joined by `,`
/// (<https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/#qsh>).
///
/// # Errors
///
/// Fails if the query is not UTF-8 text in its escapes, or has more than 1,000 parameters.
pub(crate) fn method_path_query(request: &Request) -> Result<String, Denied> {
    let path = request.path().replace('&', "%26");
    let path = path.strip_suffix('/').unwrap_or(&path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut parameters = sorted(request.raw_query(), &RequestPart::Query(String::new()))?;
    parameters.retain(|(name, _)| name != TOKEN_PARAMETER && name != PROTOTYPE);
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let query = parameters.chunk_by(|(one, _), (other, _)| one == other).map(|same| {
        let name = same.first().map(|(name, _)| encoded(name)).unwrap_or_default();
        let values: Vec<_> = same.iter().map(|(_, value)| encoded(value)).collect();
        format!("{name}={}", values.join(","))
    });
    let query = query.collect::<Vec<_>>().join("&");
    Ok(format!("{}&{slash}{path}&{query}", request.method().to_ascii_uppercase()))
}

/// The decoded name and value of a field or parameter, borrowed where nothing is escaped.
type Field<'t> = (Cow<'t, str>, Cow<'t, str>);

/// Returns the fields of a form or query, sorted by name and value. `part`: where they are.
fn sorted<'t>(text: &'t str, part: &RequestPart) -> Result<Vec<Field<'t>>, Denied> {
    let mut fields = Vec::new();
    for (_, name, value) in pieces(text).filter(|(piece, _, _)| !piece.is_empty()) {
        if fields.len() == MAX_FIELDS {
            return Err(Denied::TooManyFields { part: part.clone(), limit: MAX_FIELDS });
        }
        let decoded = decoded(name).zip(decoded(value));
        fields.push(decoded.ok_or_else(|| Denied::NotText(part.clone()))?);
    }
    fields.sort_unstable_by(|(name, value), (other_name, other_value)| {
        by_utf16(name, other_name).then_with(|| by_utf16(value, other_value))
    });
    Ok(fields)
}

/// Decodes a name or value; `None` if it is not UTF-8.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    match form_decode(text) {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

fn by_utf16(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

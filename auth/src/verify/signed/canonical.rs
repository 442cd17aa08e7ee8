//! The forms of a request that vendors sign and that no template can express.
//!
//! Each follows the library that its vendor gives to receivers, down to the order
//! of names: by UTF-16 code units, as JavaScript sorts.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::query::{RESERVED, form_decode, pieces};
use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::read::values;
use crate::verify::request_part::RequestPart;

/// The parameter that holds the token, which cannot sign itself.
const TOKEN_PARAMETER: &str = "jwt";

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
/// Fails if the form is not UTF-8 text, also in its escapes, or if the body holds something and the form
/// says nothing: what is signed before it would then pass for a signed form. An empty body is nothing, and
/// is what is signed then.
pub(crate) fn form_sorted(body: &[u8]) -> Result<Vec<u8>, Denied> {
    let not_text = || Denied::NotText(RequestPart::Json(String::new()));
    let body = std::str::from_utf8(body).map_err(|_| not_text())?;
    let mut fields: BTreeMap<Utf16, BTreeSet<Utf16>> = BTreeMap::new();
    for (name, value) in decoded(body).ok_or_else(not_text)? {
        fields.entry(utf16(&name)).or_default().insert(utf16(&value));
    }
    let mut text = Vec::with_capacity(body.len());
    for (name, values) in &fields {
        for value in values {
            text.extend(String::from_utf16_lossy(name).bytes());
            text.extend(String::from_utf16_lossy(value).bytes());
        }
    }
    if text.is_empty() && !body.is_empty() {
        return Err(Denied::Missing(RequestPart::Json(String::new())));
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

/// Returns the values of the headers that `list` names, in its order, with `.` between them. The names stand
/// with white space between them.
///
/// # Errors
///
/// Fails if a header is missing, was sent twice or is listed twice: a short list of one long header would
/// else make a text of any length.
pub(crate) fn header_values(request: &Request, list: &str) -> Result<Vec<u8>, Denied> {
    let (mut values, mut listed) = (Vec::new(), BTreeSet::new());
    for name in list.split_ascii_whitespace().map(str::to_ascii_lowercase) {
        if !listed.insert(name.clone()) {
            return Err(Denied::Duplicated(RequestPart::Header(name)));
        }
        let value = values::header(request, &name)?;
        values.push(value.ok_or(Denied::Missing(RequestPart::Header(name)))?.trim_ascii());
    }
    Ok(values.join(b".".as_slice()))
}

/// Returns method, path and query with `&` between them: the path without a slash at
/// its end, the parameters but for the token sorted and encoded anew, the
/// values of one name sorted and joined by `,`
/// (<https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/#qsh>).
///
/// # Errors
///
/// Fails if the query is not UTF-8 text in its escapes.
pub(crate) fn method_path_query(request: &Request) -> Result<String, Denied> {
    let path = request.path().replace('&', "%26");
    let path = path.strip_suffix('/').unwrap_or(&path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut parameters: BTreeMap<Utf16, Vec<Utf16>> = BTreeMap::new();
    let not_text = || Denied::NotText(RequestPart::Query(String::new()));
    for (name, value) in decoded(request.raw_query()).ok_or_else(not_text)? {
        if name != TOKEN_PARAMETER && name != PROTOTYPE {
            parameters.entry(utf16(&name)).or_default().push(utf16(&value));
        }
    }
    let encoded =
        |text: &Utf16| utf8_percent_encode(&String::from_utf16_lossy(text), RESERVED).to_string();
    let query: Vec<_> = parameters
        .into_iter()
        .map(|(name, mut values)| {
            values.sort();
            let values: Vec<_> = values.iter().map(encoded).collect();
            format!("{}={}", encoded(&name), values.join(","))
        })
        .collect();
    Ok(format!("{}&{slash}{path}&{}", request.method().to_ascii_uppercase(), query.join("&")))
}

/// Returns the names and values of a form or query; `None` if one is not UTF-8.
fn decoded(text: &str) -> Option<Vec<(String, String)>> {
    pieces(text)
        .filter(|(piece, _, _)| !piece.is_empty())
        .map(|(_, name, value)| {
            let name = String::from_utf8(form_decode(name)).ok()?;
            let value = String::from_utf8(form_decode(value)).ok()?;
            Some((name, value))
        })
        .collect()
}

/// A text whose order is that of its UTF-16 code units.
type Utf16 = Vec<u16>;

fn utf16(text: &str) -> Utf16 {
    text.encode_utf16().collect()
}

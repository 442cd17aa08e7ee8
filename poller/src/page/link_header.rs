//! The `Link` header (RFC 8288): several links in a header, several headers in a response,
//! parameters in any order, quoted or not.

use http::HeaderMap;
use http::header::LINK;

/// Returns the first link whose relations include `relation`.
pub(crate) fn find<'h>(headers: &'h HeaderMap, relation: &str) -> Option<Link<'h>> {
    headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(links)
        .find(|link| link.has_relation(relation))
}

/// A link.
pub(crate) struct Link<'h> {
    pub(crate) target: &'h str,
    parameters: &'h str,
}

impl Link<'_> {
    fn has_relation(&self, relation: &str) -> bool {
        let mut relations = self.parameter("rel").into_iter().flat_map(str::split_ascii_whitespace);
        relations.any(|found| found.eq_ignore_ascii_case(relation))
    }

    /// Returns the value of its first parameter with this name, without quotes.
    pub(crate) fn parameter(&self, wanted: &str) -> Option<&str> {
        pieces(self.parameters, ';').into_iter().find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_it = name.trim().eq_ignore_ascii_case(wanted);
            is_it.then(|| value.trim().trim_matches('"'))
        })
    }
}

fn links(value: &str) -> Vec<Link<'_>> {
    pieces(value, ',')
        .into_iter()
        .filter_map(|piece| {
            let (target, parameters) = piece.trim().strip_prefix('<')?.split_once('>')?;
            Some(Link { target: target.trim(), parameters })
        })
        .collect()
}

/// Splits at `separator`, but not inside `<…>` or `"…"`.
fn pieces(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut in_target) = (0, false, false);
    for (offset, c) in text.char_indices() {
        match c {
            '"' if !in_target => quoted = !quoted,
            '<' if !quoted => in_target = true,
            '>' if !quoted => in_target = false,
            c if c == separator && !quoted && !in_target => {
                pieces.extend(text.get(start..offset));
                start = offset + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.extend(text.get(start..));
    pieces
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn next(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, HeaderValue::from_str(value).unwrap());
        }
        find(&headers, "next").map(|link| link.target.to_owned())
    }

    #[test]
    fn the_next_link_is_found_in_every_form_vendors_send() {
        let cases: [(&[&str], Option<&str>); 9] = [
            (&["<https://a/x?p=2>; rel=\"next\""], Some("https://a/x?p=2")),
            (&["<https://a/1>; rel=\"self\", <https://a/2>; rel=\"next\""], Some("https://a/2")),
            (&["<https://a/1>; rel=\"self\"", "<https://a/2>;rel=next"], Some("https://a/2")),
            (
                &["<https://a/?q=1,2;3>; title=\"a, b; rel=next\"; rel=\"prev next\""],
                Some("https://a/?q=1,2;3"),
            ),
            (&["<https://a/2>; REL=Next"], Some("https://a/2")),
            (&["<https://a/1>; rel=\"nextpage\""], None),
            (&["https://a/2; rel=next"], None),
            (&["<https://a/2; rel=next"], None),
            (&[], None),
        ];
        for (values, expected) in cases {
            assert_eq!(next(values).as_deref(), expected, "{values:?}");
        }
    }
}

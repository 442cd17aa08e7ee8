//! The `Link` header (RFC 8288): several links in a header, several headers in a response,
//! parameters in any order, in double or single quotes or none.

use http::HeaderMap;
use http::header::LINK;
use mef_auth::header_text;

/// Returns the first link whose relations include `relation`.
pub(crate) fn find(headers: &HeaderMap, relation: &str) -> Option<Link> {
    let mut links = headers.get_all(LINK).iter().flat_map(|value| links(&header_text(value)));
    links.find(|link| link.has_relation(relation))
}

/// Returns whether something in the header names `relation`, but is no link: its target is not in
/// angle brackets, as RFC 8288 §3 has it.
pub(crate) fn is_garbled(headers: &HeaderMap, relation: &str) -> bool {
    let names_it = |piece: &str| {
        // Without the bracket, which would hide what follows.
        let parameters = piece.replace('<', "");
        Link { target: String::new(), parameters }.has_relation(relation)
    };
    headers.get_all(LINK).iter().any(|value| {
        let text = header_text(value);
        pieces(&text, ',').into_iter().any(|piece| link(piece).is_none() && names_it(piece))
    })
}

/// A link.
pub(crate) struct Link {
    pub(crate) target: String,
    parameters: String,
}

impl Link {
    fn has_relation(&self, relation: &str) -> bool {
        let mut relations = self.parameter("rel").into_iter().flat_map(str::split_ascii_whitespace);
        relations.any(|found| found.eq_ignore_ascii_case(relation))
    }

    /// Returns the value of its first parameter with this name, without quotes.
    pub(crate) fn parameter(&self, wanted: &str) -> Option<&str> {
        pieces(&self.parameters, ';').into_iter().find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_it = name.trim().eq_ignore_ascii_case(wanted);
            is_it.then(|| value.trim().trim_matches(['"', '\'']))
        })
    }
}

fn links(value: &str) -> Vec<Link> {
    pieces(value, ',').into_iter().filter_map(link).collect()
}

fn link(piece: &str) -> Option<Link> {
    let (target, parameters) = piece.trim().strip_prefix('<')?.split_once('>')?;
    Some(Link { target: target.trim().to_owned(), parameters: parameters.to_owned() })
}

/// Splits at `separator`, but not inside `<…>`, `"…"` or a value in single quotes, which the RFC does
/// not know and some vendors write.
fn pieces(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quote, mut in_target, mut before) = (0, None, false, ' ');
    for (offset, c) in text.char_indices() {
        match c {
            c if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '"' if !in_target => quote = Some(c),
            // Elsewhere it is an apostrophe.
            '\'' if !in_target && before == '=' => quote = Some(c),
            '<' => in_target = true,
            '>' => in_target = false,
            c if c == separator && !in_target => {
                pieces.extend(text.get(start..offset));
                start = offset + c.len_utf8();
            }
            _ => {}
        }
        before = c;
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
        find(&headers, "next").map(|link| link.target)
    }

    #[test]
    fn the_next_link_is_found_in_every_form_vendors_send() {
        let cases: [(&[&str], Option<&str>); 14] = [
            (&["<https://a/x?p=2>; rel=\"next\""], Some("https://a/x?p=2")),
            (&["<https://a/1>; rel=\"self\", <https://a/2>; rel=\"next\""], Some("https://a/2")),
            (&["<https://a/1>; rel=\"self\"", "<https://a/2>;rel=next"], Some("https://a/2")),
            (
                &["<https://a/?q=1,2;3>; title=\"a, b; rel=next\"; rel=\"prev next\""],
                Some("https://a/?q=1,2;3"),
            ),
            (&["<https://a/2>; REL=Next"], Some("https://a/2")),
            (&["<https://a/2>; rel='next'"], Some("https://a/2")),
            (&["<https://a/2>; title='a, b; rel=prev'; rel='prev next'"], Some("https://a/2")),
            (&["<https://a/1>; title=O'Brien, <https://a/2>; rel=next"], Some("https://a/2")),
            (&["<https://a/2>; title=\"n\u{eb}xt\"; rel=\"next\""], Some("https://a/2")),
            (&["<https://a/?q=it's>; rel=next"], Some("https://a/?q=it's")),
            (&["<https://a/1>; rel=\"nextpage\""], None),
            (&["https://a/2; rel=next"], None),
            (&["<https://a/2; rel=next"], None),
            (&[], None),
        ];
        for (values, expected) in cases {
            assert_eq!(next(values).as_deref(), expected, "{values:?}");
        }
    }
    #[test]
    fn a_next_link_in_no_brackets_is_garbled_but_another_header_is_not() {
        for (value, garbled) in [
            ("https://a/2; rel=next", true),
            ("<https://a/2; rel=next", true),
            ("<https://a/1>; rel=self, https://a/2; rel=\"next\"", true),
            ("<https://a/2>; rel=next", false),
            ("https://a/1; rel=self", false),
            ("<https://a/1>; rel=self", false),
            ("", false),
            ("null", false),
        ] {
            let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static(value))]);
            assert_eq!(is_garbled(&headers, "next"), garbled, "{value}");
        }
    }
}

//! Where the elements of an XML text begin and end, whatever is wrong inside of them.
//!
//! One damaged record must not spoil its neighbours. So the borders of the records' elements are found by
//! tags, quotes, comments and CDATA alone: bytes that are no UTF-8, entities that nobody knows and broken
//! attributes are passed over, and show when the one element is read.

use std::ops::Range;

use mef_source::Path;

use super::apart::Take;
use super::borders::MOST_RECORDS;
use super::json::MOST_LEVELS;

/// A tag.
struct Tag<'t> {
    kind: Kind,
    name: &'t [u8],
    place: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Begin,
    End,
    Empty,
}

/// The element of a record while its end is looked for.
struct Open<'t> {
    path: usize,
    name: &'t [u8],
    from: usize,
    depth: usize,
}

/// Why there are no borders.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Borderless {
    /// Where an element ends cannot be found.
    NotFound,
    /// There are more elements than may be.
    TooMany(usize),
}

/// Returns where the elements at `paths` stand in `text`, or to take values, all elements in those. They
/// follow each other as the paths are named.
pub(super) fn elements_at(
    text: &[u8],
    paths: &[&Path],
    take: Take,
) -> Result<Vec<Range<usize>>, Borderless> {
    let mut found: Vec<(usize, Range<usize>)> = Vec::new();
    let mut enclosing: Vec<&[u8]> = Vec::new();
    let mut record: Option<Open<'_>> = None;
    let mut at = 0;
    while let Some(Tag { kind, name, place }) = next_tag(text, at)? {
        at = place.end;
        if found.len() > MOST_RECORDS {
            return Err(Borderless::TooMany(MOST_RECORDS));
        }
        match (&mut record, kind) {
            (Some(_), Kind::Empty) => {}
            (Some(open), Kind::Begin) => open.depth += 1,
            (Some(open), Kind::End) if open.depth > 0 => open.depth -= 1,
            (Some(open), Kind::End) if open.name == name => {
                found.push((open.path, open.from..place.end));
                record = None;
            }
            (None, Kind::Begin | Kind::Empty) => {
                match (paths.iter().position(|path| leads_to(path, take, &enclosing, name)), kind) {
                    (Some(path), Kind::Empty) => found.push((path, place)),
                    (Some(path), _) => {
                        record = Some(Open { path, name, from: place.start, depth: 0 });
                    }
                    (None, Kind::Begin) if enclosing.len() < MOST_LEVELS => enclosing.push(name),
                    (None, Kind::Empty) => {}
                    (None, _) => return Err(Borderless::NotFound),
                }
            }
            (None, Kind::End) if enclosing.pop() == Some(name) => {}
            (_, Kind::End) => return Err(Borderless::NotFound),
        }
    }
    if record.is_some() || !enclosing.is_empty() {
        return Err(Borderless::NotFound);
    }
    found.sort_by_key(|(path, _)| *path);
    Ok(found.into_iter().map(|(_, place)| place).collect())
}

/// Returns whether `path` leads to the element `name` inside of `enclosing`, or to take values, to
/// `enclosing` itself.
fn leads_to(path: &Path, take: Take, enclosing: &[&[u8]], name: &[u8]) -> bool {
    let last = (take != Take::Values).then_some(name);
    let names = enclosing.iter().copied().chain(last);
    path.segments().iter().map(|segment| segment.as_bytes()).eq(names)
}

/// Returns the first tag from `at` on; `None` if there is none.
fn next_tag(text: &[u8], mut at: usize) -> Result<Option<Tag<'_>>, Borderless> {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(from) = rest.iter().position(|byte| *byte == b'<') else { return Ok(None) };
        let (from, rest) = (at + from, rest.get(from..).unwrap_or_default());
        let passed = |begin: usize, end| behind(rest, begin, end).ok_or(Borderless::NotFound);
        at = from
            + match rest {
                [b'<', b'!', b'-', b'-', ..] => passed(4, b"-->")?,
                [b'<', b'!', ..] if rest.starts_with(b"<![CDATA[") => passed(9, b"]]>")?,
                [b'<', b'?', ..] => passed(2, b"?>")?,
                [b'<', b'!', ..] => passed(2, b">")?,
                [b'<', b'/', ..] => {
                    let to = passed(2, b">")?;
                    let name = rest.get(2..to - 1).unwrap_or_default().trim_ascii();
                    return Ok(Some(Tag { kind: Kind::End, name, place: from..from + to }));
                }
                [b'<', b'A'..=b'Z' | b'a'..=b'z' | b'_' | b':' | 0x80.., ..] => {
                    let (kind, to) = begin_end(rest).ok_or(Borderless::NotFound)?;
                    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/>".contains(byte);
                    let inner = rest.get(1..to).unwrap_or_default();
                    let name = inner.split(ends).next().unwrap_or_default();
                    return Ok(Some(Tag { kind, name, place: from..from + to }));
                }
                // No tag begins so.
                _ => 1,
            };
    }
}

/// Returns the end of the first `end` in `text` from `begin` on.
fn behind(text: &[u8], begin: usize, end: &[u8]) -> Option<usize> {
    let found = text.get(begin..)?.windows(end.len()).position(|window| window == end)?;
    Some(begin + found + end.len())
}

/// Returns what kind of tag the start tag is that `text` begins with, and where it ends.
fn begin_end(text: &[u8]) -> Option<(Kind, usize)> {
    let mut quote = None;
    for (at, byte) in text.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'>') => {
                let is_empty = text.get(..at)?.ends_with(b"/");
                return Some((if is_empty { Kind::Empty } else { Kind::Begin }, at + 1));
            }
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use mef_source::Root;
    use proptest::prelude::*;

    use super::*;

    fn texts<'t>(text: &'t [u8], paths: &str) -> Result<Vec<&'t [u8]>, Borderless> {
        let path = |path| Path::parse(path, &[Root::Record]).unwrap();
        let paths: Vec<_> = paths.split(' ').map(path).collect();
        let found = elements_at(text, &paths.iter().collect::<Vec<_>>(), Take::Elements)?;
        Ok(found.into_iter().map(|place| &text[place]).collect())
    }

    #[test]
    fn no_damage_inside_an_element_moves_a_border() {
        for damaged in [
            &b"<b>\xff</b>"[..],
            b"<b>\x00\x08&unknown;&#0;&</b>",
            b"<b a=1 c=\"</b>\" d='>'/>",
            b"<b><!-- </b> --><![CDATA[</b>]]><?x </b>?></b>",
            b"<b><b><c></d></b></b\n>",
            b"<b> 1 < 2 </b>",
        ] {
            let text = [b"<?xml?><!DOCTYPE a><a x='>'><b>1</b>", damaged, b"\n<n/><b/></a>\n"];
            let expected = vec![&b"<b>1</b>"[..], damaged, b"<b/>"];
            assert_eq!(texts(&text.concat(), "a.b"), Ok(expected));
        }
    }

    #[test]
    fn of_several_paths_the_elements_follow_each_other_as_the_paths_are_named() {
        let text = b"<a><c>1</c><b>2</b><x><c>3</c></x><c>4</c></a>";
        let expected = [&b"<b>2</b>"[..], b"<c>1</c>", b"<c>4</c>"];
        assert_eq!(texts(text, "a.b a.c").unwrap(), expected);
        assert_eq!(texts(b"<a><b/></a>", "a").unwrap(), [b"<a><b/></a>"]);
    }

    #[test]
    fn borders_that_cannot_be_found_are_none() {
        for text in [
            "<a>",
            "<a><b>1</b>",
            "<a><b>1</a>",
            "<a><b>1</c></a>",
            "<a><b></a></b>",
            "<a><b c=\"1",
            "<a><!-- </a>",
            "<a><![CDATA[</a>",
            "</a>",
            "<a><c></d></a>",
        ] {
            assert_eq!(texts(text.as_bytes(), "a.b"), Err(Borderless::NotFound), "{text}");
        }
        let many = format!("<a>{}</a>", "<b/>".repeat(MOST_RECORDS + 1));
        assert_eq!(texts(many.as_bytes(), "a.b"), Err(Borderless::TooMany(MOST_RECORDS)));
    }

    proptest! {
        /// Whatever the bytes are, it ends, and what it finds stands in the text in order.
        #[test]
        fn any_bytes_have_borders_in_order_or_none(
            parts in prop::collection::vec(r#"<a>|</a>|<b>|</b>|<b/>|<!--|-->|"|<|>|&|x|<!\[CDATA\[|\]\]>"#, 0..24),
        ) {
            let text = format!("<a>{}</a>", parts.concat());
            let path = Path::parse("a.b", &[Root::Record]).unwrap();
            let mut end = 0;
            for place in elements_at(text.as_bytes(), &[&path], Take::Elements).unwrap_or_default() {
                prop_assert!(end <= place.start && place.start < place.end && place.end <= text.len());
                end = place.end;
            }
        }
    }
}

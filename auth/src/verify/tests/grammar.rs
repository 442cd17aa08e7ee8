//! Signature headers, times and JSON bodies that no person would think of, compared
//! with a second implementation that is as plain as can be.

use std::fmt::Write as _;

use mef_source::checked::{Check, Hmac, TimeUnit, Verify};
use mef_source::{Path, Root};
use proptest::prelude::*;

use super::*;
use crate::verify::read::json;
use crate::verify::read::values::RequestView;
use crate::verify::signed::{signature, timestamp};
use crate::verify::told::mask::Mask;

fn hmac(checks: &str) -> Hmac {
    match webhook(checks).verify {
        Verify::All(mut checks) => match checks.remove(0) {
            Check::Hmac(hmac) => *hmac,
            other => panic!("{other:?}"),
        },
        Verify::Nothing { .. } => panic!("there is a check"),
    }
}

/// An item of a list: without a key, or under one.
fn item() -> impl Strategy<Value = (Option<&'static str>, Vec<u8>)> {
    let key = prop_oneof![Just(None), Just(Some("v1")), Just(Some("v0")), Just(Some("t"))];
    (key, prop::collection::vec(any::<u8>(), 0..6))
}

proptest! {
    #[test]
    fn the_signatures_of_a_list_are_those_under_the_keys_that_are_taken(
        items in prop::collection::vec(item(), 1..9),
        spaced in any::<bool>(),
        inherit in any::<bool>(),
    ) {
        let bare = if inherit { "inherit" } else { "refuse" };
        let hmac = hmac(&format!(
            r#"hmac: {{ hash: sha256, secrets: [s], text: "{{body}}",
               signature: {{ from: header.x, split: ",", pair: "=", take: [v1], bare: {bare}, encoding: hex }} }}"#
        ));
        let (mut header, mut before, mut expected) = (String::new(), None, Vec::new());
        for (index, (key, value)) in items.iter().enumerate() {
            if index > 0 {
                header.push_str(if spaced { " , " } else { "," });
            }
            if let Some(key) = key {
                let _ = write!(header, "{key}{}", if spaced { " = " } else { "=" });
                before = Some(*key);
            }
            header.push_str(&hex::encode(value));
            let counts = key.or(before.filter(|_| inherit)) == Some("v1");
            if counts && !value.is_empty() {
                expected.push(value.clone());
            }
        }
        let request = Post::new(&[("x", &header)], "").request();
        let found = signature::read(&hmac.signed.signature, RequestView::whole(&request), &mut Mask::default())
            .and_then(|items| items.candidates(&hmac.signed.signature));
        prop_assert_eq!(found.unwrap_or_default(), expected, "{}", header);
    }

    #[test]
    fn no_signature_comes_from_a_header_that_does_not_hold_it(
        text in "[a-f0-9v=,; \t\"é-]{0,60}",
        split in prop::option::of(prop::sample::select(vec![",", ";", " "])),
        pair in prop::option::of(prop::sample::select(vec!["=", ","])),
    ) {
        prop_assume!(split.is_none() || split != pair);
        let split = split.map_or(String::new(), |split| format!(r#"split: "{split}","#));
        let pair = pair.map_or(String::new(), |pair| format!(r#"pair: "{pair}", take: [v],"#));
        let hmac = hmac(&format!(
            r#"hmac: {{ hash: sha256, secrets: [s], text: "{{body}}",
               signature: {{ from: header.x, {split} {pair} encoding: hex }} }}"#
        ));
        let request = Post::new(&[("x", &text)], "").request();
        let items = signature::read(&hmac.signed.signature, RequestView::whole(&request), &mut Mask::default());
        if let Ok(found) = items.and_then(|items| items.candidates(&hmac.signed.signature)) {
            prop_assert!(!found.is_empty() && found.len() <= signature::MAX_ITEMS);
            for signature in found {
                prop_assert!(text.contains(&hex::encode(&signature)), "{:?} in {}", signature, text);
            }
        }
    }

    #[test]
    fn a_number_is_a_time_if_its_digits_are_all_that_was_sent(text in "[+-]?[0-9]{0,18}[ .eE_x\n٣]?[0-9]{0,2}") {
        let number = text.parse::<u64>().ok();
        let plain = number.filter(|number| number.to_string() == text && text.len() <= 16);
        for (unit, nanos) in [(TimeUnit::S, 1_000_000_000), (TimeUnit::Ms, 1_000_000)] {
            let expected = plain.map(|number| i128::from(number) * nanos);
            prop_assert_eq!(timestamp::parse(&text, unit), expected);
        }
    }

    #[test]
    fn a_moment_of_rfc_3339_is_read_as_it_was_written(
        seconds in 0_i64..253_402_300_000,
        nanos in 0_i32..1_000_000_000,
        digits in 0_usize..10,
        offset in -23_i32..24,
        lower in any::<bool>(),
    ) {
        let unit = 10_i32.pow(9 - u32::try_from(digits).unwrap());
        let moment = Timestamp::new(seconds, nanos / unit * unit).unwrap();
        let local = jiff::tz::Offset::from_seconds(offset * 3600).unwrap().to_datetime(moment);
        prop_assume!((1970..=9999).contains(&local.year()));
        let mut text = local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        if digits > 0 {
            let all = format!("{:09}", moment.subsec_nanosecond());
            let _ = write!(text, ".{}", &all[..digits]);
        }
        match offset {
            0 => text.push('Z'),
            _ => text.push_str(&format!("{offset:+03}:00")),
        }
        let text = if lower { text.to_lowercase() } else { text };
        prop_assert_eq!(timestamp::parse(&text, TimeUnit::Rfc3339), Some(moment.as_nanosecond()), "{}", text);
    }

    #[test]
    fn what_is_no_moment_is_no_time(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T _][0-9]{2}:[0-9]{2}(:[0-9]{2})?([.,][0-9]{0,3})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?[ \\[]?") {
        if let Some(nanos) = timestamp::parse(&text, TimeUnit::Rfc3339) {
            let moment = Timestamp::from_nanosecond(nanos).unwrap();
            prop_assert!(text.contains('T') && !text.contains([' ', '_', ',', '[']), "{}", text);
            prop_assert!(text.ends_with('Z') || text.as_bytes()[text.len() - 3] == b':', "{}", text);
            // The minutes are those of the text, whatever its zone's hour is;
            // a zone of half an hour moves them.
            let minute = &text[14..16];
            let moves = !text.ends_with('Z') && !text.ends_with(":00");
            prop_assert!(moves || moment.strftime("%M").to_string() == minute, "{}", text);
        }
    }
}

/// A JSON document that keeps keys that are given twice.
#[derive(Clone, Debug)]
enum Json {
    Null,
    Scalar(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        "(true|false|-?[1-9][0-9]{0,24}|0\\.[0-9]{1,9}|1e[0-9]{1,3})".prop_map(Json::Scalar),
        "[ab\"\\\\/\n\u{1F600}é]{0,4}".prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            prop::collection::vec(("[ab0~/*]{0,2}", inner), 0..4).prop_map(Json::Object),
        ]
    })
}

impl Json {
    /// Its text, with spaces and escapes where `dress` says so.
    fn write(&self, dress: bool, text: &mut String) {
        let space = if dress { " \n" } else { "" };
        match self {
            Json::Null => text.push_str("null"),
            Json::Scalar(scalar) => text.push_str(scalar),
            Json::Text(string) => quote(string, dress, text),
            Json::List(list) => {
                text.push('[');
                for (index, value) in list.iter().enumerate() {
                    text.push_str(if index > 0 { "," } else { "" });
                    text.push_str(space);
                    value.write(dress, text);
                }
                text.push_str(space);
                text.push(']');
            }
            Json::Object(members) => {
                text.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    text.push_str(if index > 0 { "," } else { "" });
                    quote(key, dress, text);
                    text.push_str(space);
                    text.push(':');
                    value.write(dress, text);
                }
                text.push('}');
            }
        }
    }

    /// What stands at `segments`: nothing, one value, or an error where a key
    /// on the way is there twice.
    fn at(&self, segments: &[String]) -> Result<Option<&Json>, ()> {
        let Some((segment, rest)) = segments.split_first() else { return Ok(Some(self)) };
        let child = match self {
            Json::Object(members) => {
                let found: Vec<_> = members.iter().filter(|(key, _)| key == segment).collect();
                match found.as_slice() {
                    [] => None,
                    [(_, value)] => Some(value),
                    _ => return Err(()),
                }
            }
            Json::List(list) => segment.parse::<usize>().ok().and_then(|index| list.get(index)),
            _ => None,
        };
        child.map_or(Ok(None), |child| child.at(rest))
    }
}

fn quote(string: &str, escape: bool, text: &mut String) {
    text.push('"');
    for unit in string.encode_utf16() {
        if escape {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    if !escape {
        let quoted = serde_json::to_string(string).unwrap();
        text.push_str(&quoted[1..quoted.len() - 1]);
    }
    text.push('"');
}

proptest! {
    #[test]
    fn a_value_of_the_body_is_the_only_one_at_its_place(
        document in json(),
        dress in any::<bool>(),
        segments in prop::collection::vec("(a|b|ab|0|1|~|/|\\*)", 0..4),
    ) {
        let mut body = String::new();
        document.write(dress, &mut body);
        let pointer: String =
            segments.iter().map(|s| format!("/{}", s.replace('~', "~0").replace('/', "~1"))).collect();
        let path = Path::parse(&pointer, &[Root::Record]).unwrap();
        let found = json::one(body.as_bytes(), &path);
        match document.at(&segments) {
            Err(()) => prop_assert!(matches!(found, Err(Denied::Duplicated(_))), "{} {}", body, pointer),
            Ok(None | Some(Json::Null)) => prop_assert!(matches!(found, Ok(None)), "{} {}", body, pointer),
            Ok(Some(expected)) => {
                let found = found.unwrap().expect("it is there");
                let mut text = String::new();
                expected.write(dress, &mut text);
                prop_assert_eq!(found.get(), text);
                if let Json::Text(string) = expected {
                    prop_assert_eq!(json::string(found, &path).unwrap(), string.as_str());
                }
            }
        }
    }
}

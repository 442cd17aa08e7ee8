//! Texts that nobody would write: each is understood, or refused in words, and
//! what is understood means one thing.

use std::collections::BTreeMap;

use mef_source::{Path, Root, Template, load};
use proptest::prelude::*;

use crate::{GITHUB, OKTA, no_files};

const ROOTS: &[Root] = &[
    Root::Record,
    Root::Parent,
    Root::Header,
    Root::Query,
    Root::Signature,
    Root::Var,
    Root::Secret,
    Root::ReceivedAt,
    Root::Body,
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"(\{|\}|\{\{|\}\}|\||\.|/|~[01]?|"|\\|\(|\)|,|header\.|query\.|body|default|join|rfc3339|a|é|0| ){0,14}"#,
    ]
}

proptest! {
    #[test]
    fn a_path_that_is_understood_is_written_as_one_that_means_the_same(text in text()) {
        match Path::parse(&text, ROOTS) {
            Ok(path) => {
                let written = path.to_string();
                prop_assert_eq!(Path::parse(&written, ROOTS), Ok(path), "{} is {}", text, written);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn a_template_says_where_it_goes_wrong(text in text()) {
        match Template::parse(&text, ROOTS, &BTreeMap::new()) {
            Ok(template) => {
                let braces = text.contains(['{', '}']);
                prop_assert!(braces || template.as_literal() == Some(text.as_str()));
            }
            Err(error) => {
                let rest = text.get(error.offset..).unwrap_or_default();
                prop_assert!(rest.starts_with(['{', '}']), "{} at {}", error, rest);
            }
        }
    }

    #[test]
    fn any_text_stands_for_itself_once_its_braces_are_doubled(text in any::<String>()) {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        let template = Template::parse(&doubled, ROOTS, &BTreeMap::new()).unwrap();
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
    }

    #[test]
    fn a_source_file_with_a_stretch_of_noise_is_read_or_refused_with_words(
        (is_github, at, length, noise) in (any::<bool>(), 0_usize..1200, 0_usize..40, text()),
    ) {
        let mut file = if is_github { GITHUB.to_owned() } else { OKTA.to_owned() };
        let start = file.floor_char_boundary(at.min(file.len()));
        let end = file.floor_char_boundary((start + length).min(file.len()));
        file.replace_range(start..end, &noise);
        if let Err(problems) = load(&file, &no_files) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(!problem.message.is_empty());
                let offset = problem.place.and_then(|place| place.offset).unwrap_or(0);
                prop_assert!(offset <= file.len(), "{} in {}", problem.message, file);
            }
        }
    }
}

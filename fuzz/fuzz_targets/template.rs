//! Paths and templates of source files.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use mef_source::{Path, Root, Template};

const ROOTS: &[Root] = &[Root::Record, Root::Parent, Root::Header, Root::Query, Root::ReceivedAt];

fuzz_target!(|text: &str| {
    if let Ok(path) = Path::parse(text, ROOTS) {
        assert_eq!(Path::parse(&path.to_string(), ROOTS), Ok(path));
    }
    if let Err(error) = Template::parse(text, ROOTS, &BTreeMap::new()) {
        assert!(text.is_char_boundary(error.offset));
    }
});

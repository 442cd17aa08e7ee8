//! Whole verification of noise, by checks of every kind.
//!
//! A new kind of check gets a line in `CHECKS` of `lib.rs`: what it parses is then fuzzed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mef_fuzz::{checks, refuse, request};

fuzz_target!(|noise: &[u8]| {
    let Some((index, noise)) = noise.split_first() else { return };
    refuse(checks(*index), request(noise));
});

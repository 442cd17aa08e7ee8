//! Source files from the first byte to what they mean.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(problems) = mef_source::load(text, &|_| Err("no files".to_owned())) {
        assert!(!problems.is_empty());
    }
});

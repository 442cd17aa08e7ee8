//! The body of a webhook through every stage of the pipeline but the delivery.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|noise: &[u8]| {
    let Some((index, noise)) = noise.split_first() else { return };
    mef_fuzz::records::run(*index, noise);
});

//! Pages that a vendor answers with, through whole runs of the poller.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|noise: &[u8]| {
    let Some((index, noise)) = noise.split_first() else { return };
    mef_fuzz::vendor::poll(*index, noise);
});

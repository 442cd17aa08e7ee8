//! The binary: see the library `mef_lambda`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mef_lambda::main()
}

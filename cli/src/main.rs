//! The binary: see the library `mef`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mef::main()
}

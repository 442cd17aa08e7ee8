//! Lists the preset files, so that adding one is adding a file.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by variables where to read and to write"
)]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo gives CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&manifest).join("presets");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("presets.rs"), list(&folder)?)?;
    fs::write(Path::new(&out).join("auth_presets.rs"), list(&folder.join("auth"))?)?;
    Ok(())
}

/// Returns the names and texts of the files in `folder`, as Rust.
fn list(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            let name = path.file_stem().and_then(|name| name.to_str());
            files.push((name.ok_or("a name is not UTF-8")?.to_owned(), path));
        }
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (name, path) in &files {
        let path = path.to_str().ok_or("the folder's name is not UTF-8")?;
        writeln!(list, "    ({name:?}, include_str!({path:?})),")?;
    }
    list.push(']');
    Ok(list)
}

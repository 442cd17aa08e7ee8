//! The CLI reference, held to what the binary takes.

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

#[test]
fn the_checked_in_reference_is_what_the_binary_takes() {
    let generated = mef::args::reference();
    if option_env!("UPDATE_GENERATED").is_some() {
        std::fs::write(FILE, &generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        checked_in == generated,
        "docs/cli.md has drifted: run `UPDATE_GENERATED=1 cargo test -p mef --test commands`"
    );
}

//! The functions that are written in jq themselves. A program is compiled only
//! with those that it uses, which is faster.

use std::sync::LazyLock;

use jaq_core::load::parse::Def;

use super::meter::Meter;

/// Functions whose definitions in the libraries are not bounded.
const OWN: &str = r#"
def match(re; flags): _matches(re; flags)[];
def match(re): _matches(re; "")[];
def capture(re; flags): _captures(re; flags)[];
def capture(re): _captures(re; "")[];
def scan(re; flags): _scans(re; flags)[];
def scan(re): _scans(re; "")[];
def splits(re; flags): split(re; flags)[];
def splits(re): split(re; "")[];
def sub(re; f; flags): reduce _pieces(re; flags)[] as $piece (""; . + ($piece | if type == "string" then . else f end));
def sub(re; f): sub(re; f; "");
def gsub(re; f; flags): sub(re; f; flags + "g");
def gsub(re; f): sub(re; f; "g");
"#;

/// Definitions of the libraries that are not used: we have our own, or no program may
/// call them.
const LEFT_OUT: [&str; 21] = [
    "type",
    "keys",
    "add",
    "flatten",
    "join",
    "split",
    "test",
    "match",
    "capture",
    "scan",
    "splits",
    "sub",
    "gsub",
    "getpath",
    "from_entries",
    "todate",
    "fromdate",
    "combinations",
    "@base64",
    "@base64d",
    "@uri",
];

static DEFINITIONS: LazyLock<Vec<Def<&'static str>>> = LazyLock::new(|| {
    let own = jaq_core::load::parse(OWN, |parser| parser.defs()).unwrap_or_default();
    let left_out = |def: &Def<&'static str>| {
        LEFT_OUT.contains(&def.name) && !(def.name == "add" && def.args.len() == 1)
    };
    let libraries = jaq_core::defs().chain(jaq_std::defs()).filter(|def| !left_out(def));
    libraries.chain(own).collect()
});

/// Returns the definitions that the terms in `meter` need, with their meters.
pub(super) fn definitions<'s>(meter: &mut Meter<'s>) -> Vec<Def<&'s str>> {
    let mut used = Vec::new();
    // A definition stands before those that use it.
    for def in DEFINITIONS.iter().rev() {
        if meter.calls.contains(&(def.name, def.args.len())) {
            let Def { name, args, body } = def.clone();
            used.push(Def { name, args, body: meter.term(body) });
        }
    }
    used.reverse();
    used
}

//! The functions that a program may call, and why it may not call the others.

/// The functions that a program may call, with the numbers of arguments that
/// they can take.
///
/// Each of them ends, depends only on its input and its arguments, and has no
/// effect but its result.
pub const ALLOWED: &[(&str, &[usize])] = &[
    ("@base64", &[0]),
    ("@base64d", &[0]),
    ("@json", &[0]),
    ("@text", &[0]),
    ("@uri", &[0]),
    ("abs", &[0]),
    ("add", &[0, 1]),
    ("all", &[0, 1, 2]),
    ("any", &[0, 1, 2]),
    ("arrays", &[0]),
    ("ascii_downcase", &[0]),
    ("ascii_upcase", &[0]),
    ("booleans", &[0]),
    ("capture", &[1, 2]),
    ("ceil", &[0]),
    ("contains", &[1]),
    ("del", &[1]),
    ("empty", &[0]),
    ("endswith", &[1]),
    ("error", &[0, 1]),
    ("explode", &[0]),
    ("false", &[0]),
    ("first", &[0, 1]),
    ("flatten", &[0, 1]),
    ("floor", &[0]),
    ("from_entries", &[0]),
    ("fromdate", &[0]),
    ("fromjson", &[0]),
    ("getpath", &[1]),
    ("group_by", &[1]),
    ("gsub", &[2, 3]),
    ("has", &[1]),
    ("implode", &[0]),
    ("in", &[1]),
    ("index", &[1]),
    ("indices", &[1]),
    ("inside", &[1]),
    ("isempty", &[1]),
    ("iterables", &[0]),
    ("join", &[1]),
    ("keys", &[0]),
    ("keys_unsorted", &[0]),
    ("last", &[0, 1]),
    ("length", &[0]),
    ("limit", &[2]),
    ("ltrimstr", &[1]),
    ("map", &[1]),
    ("map_values", &[1]),
    ("match", &[1, 2]),
    ("max", &[0]),
    ("max_by", &[1]),
    ("min", &[0]),
    ("min_by", &[1]),
    ("mktime", &[0]),
    ("not", &[0]),
    ("nth", &[1]),
    ("null", &[0]),
    ("nulls", &[0]),
    ("numbers", &[0]),
    ("objects", &[0]),
    ("path", &[1]),
    ("paths", &[0, 1]),
    ("pick", &[1]),
    ("reverse", &[0]),
    ("rindex", &[1]),
    ("round", &[0]),
    ("rtrimstr", &[1]),
    ("scalars", &[0]),
    ("scan", &[1, 2]),
    ("select", &[1]),
    ("sort", &[0]),
    ("sort_by", &[1]),
    ("split", &[1, 2]),
    ("splits", &[1, 2]),
    ("startswith", &[1]),
    ("strftime", &[1]),
    ("strings", &[0]),
    ("strptime", &[1]),
    ("sub", &[2, 3]),
    ("test", &[1, 2]),
    ("to_entries", &[0]),
    ("toboolean", &[0]),
    ("todate", &[0]),
    ("tojson", &[0]),
    ("tonumber", &[0]),
    ("tostring", &[0]),
    ("trim", &[0]),
    ("ltrim", &[0]),
    ("rtrim", &[0]),
    ("true", &[0]),
    ("type", &[0]),
    ("unique", &[0]),
    ("unique_by", &[1]),
    ("utf8bytelength", &[0]),
    ("values", &[0]),
    ("walk", &[1]),
    ("with_entries", &[1]),
];

/// The functions whose first argument is a regular expression; its flags are
/// the last argument.
pub(super) const WITH_PATTERN: &[&str] =
    &["test", "match", "capture", "scan", "splits", "sub", "gsub"];

/// The functions of jq that a source file may not use, and why.
const REFUSED: &[(&[&str], &str)] = &[
    (
        &[
            "env",
            "input_filename",
            "input_line_number",
            "get_search_list",
            "modulemeta",
            "builtins",
        ],
        "a program sees the record, and nothing of the machine that it runs on",
    ),
    (&["input", "inputs"], "a program sees one record at a time"),
    (
        &["debug", "stderr", "halt", "halt_error"],
        "a program has no output but its value; `error(\"why\")` refuses the record",
    ),
    (
        &["now", "localtime", "strflocaltime"],
        "the same record must always make the same event; `$received_at` is when it came",
    ),
    (
        &["recurse", "recurse_down", "repeat", "range", "while", "until", "combinations"],
        "it might never end; `..`, `.[]`, `map`, `walk`, `reduce` and `foreach` go through a record",
    ),
    (
        &["setpath", "delpaths", "tostream", "fromstream", "truncate_stream"],
        "write the path itself: `.a.b = 1`, `del(.a)`",
    ),
];

/// Returns how many arguments `name` can take; `None` if it may not be called.
pub(super) fn arities(name: &str) -> Option<&'static [usize]> {
    ALLOWED.iter().find(|(known, _)| *known == name).map(|(_, arities)| *arities)
}

/// Returns why `name` may not be called, if jq has it.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(names, _)| names.contains(&name)).map(|(_, reason)| *reason)
}

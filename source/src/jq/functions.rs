//! The functions that a program may call, and why it may not call the others.

/// The functions that a program may call, by the numbers of arguments that they
/// can take.
///
/// Each of them ends, depends only on its input and its arguments, and has no
/// effect but its result.
const ALLOWED: [(&[usize], &str); 7] = [
    (
        &[0],
        "@base64 @base64d @json @text @uri abs arrays ascii_downcase ascii_upcase booleans \
         ceil empty explode false floor from_entries fromdate fromjson implode iterables keys \
         keys_unsorted length ltrim max min mktime not null nulls numbers objects reverse \
         round rtrim scalars sort strings to_entries toboolean todate tojson tonumber \
         tostring trim true type unique utf8bytelength values",
    ),
    (&[0, 1], "add error first flatten last paths"),
    (&[0, 1, 2], "all any"),
    (
        &[1],
        "contains del endswith getpath group_by has in index indices inside isempty join \
         ltrimstr map map_values max_by min_by nth path pick rindex rtrimstr select sort_by \
         startswith strftime strptime unique_by walk with_entries",
    ),
    (&[1, 2], "capture match scan split splits test"),
    (&[2], "limit"),
    (&[2, 3], "gsub sub"),
];

/// Returns every function that a program may call, with the numbers of arguments
/// that it can take.
pub fn allowed() -> impl Iterator<Item = (&'static str, &'static [usize])> {
    ALLOWED.iter().flat_map(|(arities, names)| names.split(' ').map(|name| (name, *arities)))
}

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
    allowed().find(|(known, _)| *known == name).map(|(_, arities)| arities)
}

/// Returns why `name` may not be called, if jq has it.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(names, _)| names.contains(&name)).map(|(_, reason)| *reason)
}

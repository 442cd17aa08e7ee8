//! What programs return, function by function.

use mef_source::jq::allowed;
use serde_json::{Value, json};

use crate::made;

/// Program, record, result.
const GIVEN: &[(&str, &str, &str)] = &[
    (".", r#"{"b":1,"a":[true,null]}"#, r#"{"b":1,"a":[true,null]}"#),
    (".a.b[1]", r#"{"a":{"b":[1,2]}}"#, "2"),
    (".a.b.c", "{}", "null"),
    (".[-1]", "[1,2]", "2"),
    (".a[1:3]", r#"{"a":[1,2,3,4]}"#, "[2,3]"),
    (".a[1:3]", r#"{"a":"Ödegård"}"#, r#""de""#),
    (".a?", "1", "null"),
    ("[.[].a?]", r#"[{"a":1},2]"#, "[1]"),
    (".a // \"none\"", r#"{"a":null}"#, r#""none""#),
    ("try error(\"x\") catch .", "1", r#""x""#),
    ("[.. | numbers]", r#"{"a":[1,{"b":2}]}"#, "[1,2]"),
    (".a as [$x, {y: $z}] | $x + $z", r#"{"a":[1,{"y":2}]}"#, "3"),
    ("reduce .[] as $n (0; . + $n)", "[1,2,3]", "6"),
    ("[foreach .[] as $n (0; . + $n; [$n, .])]", "[1,2]", "[[1,1],[2,3]]"),
    (
        "if .a > 1 then \"many\" elif .a == 1 then \"one\" else \"none\" end",
        r#"{"a":1}"#,
        r#""one""#,
    ),
    ("\"\\(.a) by \\(.b)\"", r#"{"a":1,"b":[1.50]}"#, r#""1 by [1.50]""#),
    ("@base64 \"x\\(.)\"", "\"hi\"", r#""xaGk=""#),
    ("@uri", "\"a b/ö\"", r#""a%20b%2F%C3%B6""#),
    ("@base64d", "\"aGk\"", r#""hi""#),
    ("@json", "[1]", r#""[1]""#),
    ("@text", "[1]", r#""[1]""#),
    ("{a, \"b\": .c, (.d): 1}", r#"{"a":1,"c":2,"d":"e"}"#, r#"{"a":1,"b":2,"e":1}"#),
    (".a.b = 1 | .c |= . + 1 | del(.d)", r#"{"c":1,"d":2,"e":3}"#, r#"{"c":2,"e":3,"a":{"b":1}}"#),
    (".a += 1 | .b //= 2", r#"{"a":1}"#, r#"{"a":2,"b":2}"#),
    (".[0] = 9", "[1,2]", "[9,2]"),
    (".[1:] = [7]", "[1,2,3]", "[1,7]"),
    ("del(.[0])", "[1,2]", "[2]"),
    ("map(. * 2)", "[1,2]", "[2,4]"),
    ("map_values(select(. > 1))", r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
    ("walk(if type == \"number\" then . + 1 else . end)", "[1,[2]]", "[2,[3]]"),
    ("to_entries", r#"{"a":1}"#, r#"[{"key":"a","value":1}]"#),
    ("from_entries", r#"[{"name":"a","value":1},{"k":"b","v":2}]"#, r#"{"a":1,"b":2}"#),
    ("with_entries(.value |= tostring)", r#"{"a":1}"#, r#"{"a":"1"}"#),
    (
        "keys, keys_unsorted | tojson | select(. != \"[\\\"b\\\",\\\"a\\\"]\")",
        r#"{"b":1,"a":2}"#,
        r#""[\"a\",\"b\"]""#,
    ),
    ("sort, unique | select(length == 2)", "[2,1,2]", "[1,2]"),
    ("sort_by(.a) | map(.a)", r#"[{"a":2},{"a":1}]"#, "[1,2]"),
    ("group_by(.a) | map(length)", r#"[{"a":2},{"a":1},{"a":2}]"#, "[1,2]"),
    ("unique_by(.a) | length", r#"[{"a":2},{"a":1},{"a":2}]"#, "2"),
    ("[min, max, min_by(-.), max_by(-.)]", "[2,1,3]", "[1,3,3,1]"),
    ("[add, add(.[] * 2)]", "[1,2]", "[3,6]"),
    ("add", r#"["a","b"]"#, r#""ab""#),
    ("add", r#"[{"a":1},{"b":2}]"#, r#"{"a":1,"b":2}"#),
    ("add", "[]", "null"),
    ("flatten, flatten(1) | tojson | select(contains(\"[2\"))", "[1,[2,[3]]]", "null"),
    ("[flatten, flatten(1)]", "[1,[2,[3]]]", "[[1,2,3],[1,2,[3]]]"),
    ("join(\", \")", r#"["a",1,null,true]"#, r#""a, 1, , true""#),
    ("split(\", \")", "\"a, b\"", r#"["a","b"]"#),
    ("[splits(\", *\")]", "\"a,b, c\"", r#"["a","b","c"]"#),
    ("[test(\"^A\"), test(\"^A\"; \"i\")]", "\"abc\"", "[false,true]"),
    (
        "capture(\"(?<user>[^@]+)@(?<host>.+)\")",
        "\"ann@example.com\"",
        r#"{"user":"ann","host":"example.com"}"#,
    ),
    ("[scan(\"[0-9]+\")]", "\"1 and 22\"", r#"["1","22"]"#),
    (
        "match(\"(b)(x)?\") | [.offset, .length, .string, .captures[0].string, .captures[1].string]",
        "\"öb\"",
        r#"[1,1,"b","b",null]"#,
    ),
    ("sub(\"(?<c>[a-z])\"; \"<\\(.c)>\")", "\"ab\"", r#""<a>b""#),
    ("gsub(\"[a-z]\"; \"x\")", "\"aBc\"", r#""xBx""#),
    ("[ascii_downcase, ascii_upcase]", "\"aÖ\"", r#"["aÖ","AÖ"]"#),
    (
        "[ltrimstr(\"a\"), rtrimstr(\"c\"), startswith(\"a\"), endswith(\"c\")]",
        "\"abc\"",
        r#"["bc","ab",true,true]"#,
    ),
    ("[trim, ltrim, rtrim]", "\" a \"", r#"["a","a "," a"]"#),
    ("[length, utf8bytelength]", "\"ö\"", "[1,2]"),
    ("map(length)", r#"[null,"ab",[1],{"a":1},-3]"#, "[0,2,1,1,3]"),
    ("explode | implode", "\"aö\"", r#""aö""#),
    (
        "map(type)",
        r#"[null,true,1,"a",[],{}]"#,
        r#"["null","boolean","number","string","array","object"]"#,
    ),
    (
        "[.[] | (arrays, objects, iterables, booleans, numbers, strings, nulls, values, scalars)] | length",
        r#"[null,true,1,"a",[],{}]"#,
        "17",
    ),
    ("[has(\"a\"), has(\"b\")]", r#"{"a":null}"#, "[true,false]"),
    ("\"a\" as $k | [$k | in({a: 1})]", "1", "[true]"),
    ("[contains({a: [\"x\"]}), ({a: []} | inside({a: [1]}))]", r#"{"a":["xy"]}"#, "[true,true]"),
    ("[indices(\"a\"), index(\"a\"), rindex(\"a\")]", "\"öaba\"", "[[1,3],1,3]"),
    ("indices(1)", "[1,2,1]", "[0,2]"),
    (
        "[any, all, any(. > 1), all(. > 0), any(.[]; . > 5), all(.[]; . > 0)]",
        "[1,2]",
        "[true,true,true,true,false,true]",
    ),
    ("[first, last, first(.[]), last(.[]), nth(1), limit(2; .[])]", "[1,2,3]", "[1,3,1,3,2,1,2]"),
    ("[isempty(.[]), isempty(empty)]", "[1]", "[false,true]"),
    ("[paths]", r#"{"a":[1]}"#, r#"[["a"],["a",0]]"#),
    ("[paths(type == \"number\")]", r#"{"a":[1]}"#, r#"[["a",0]]"#),
    ("[path(.a.b), getpath([\"a\", \"b\"])]", r#"{"a":{"b":5}}"#, r#"[["a","b"],5]"#),
    ("pick(.a.b)", r#"{"a":{"b":5,"c":6}}"#, r#"{"a":{"b":5}}"#),
    ("[floor, ceil, round, abs]", "-1.5", "[-2,-1,-2,1.5]"),
    ("[tonumber, (\"true\" | toboolean)]", "\"12\"", "[12,true]"),
    ("[tojson, (tojson | fromjson), tostring]", "[1.10]", r#"["[1.10]",[1.10],"[1.10]"]"#),
    ("reverse", "[1,2]", "[2,1]"),
    ("[true, false, null, (not)]", "1", "[true,false,null,false]"),
    (
        "[fromdate, (fromdate | todate)]",
        "\"2026-11-24T10:00:00Z\"",
        r#"[1795514400,"2026-11-24T10:00:00Z"]"#,
    ),
    ("strptime(\"%d/%b/%Y:%H:%M:%S %z\") | mktime", "\"24/Nov/2026:11:00:00 +0100\"", "1795514400"),
    ("strftime(\"%Y-%m-%d\")", "1795514400", r#""2026-11-24""#),
    ("empty", "1", "null"),
    ("[.[] - 1, 7 % 3, 6 / 4, 6 / 3, -(.[0])]", "[1]", "[0,1,1.5,2,-1]"),
    ("{a: {b: 1}} * {a: {c: 2}}", "1", r#"{"a":{"b":1,"c":2}}"#),
    ("[[1, 2, 1] - [1], \"a,b\" / \",\"]", "1", r#"[[2],["a","b"]]"#),
    ("[1 == 1.0, 1 < 2, \"a\" < \"b\", [] < {}, null < false]", "1", "[true,true,true,true,true]"),
    ("[1 and null, 1 or error]", "1", "[false,true]"),
];

#[test]
fn each_function_gives_what_jq_gives() {
    let mut wrong = String::new();
    for (program, record, wanted) in GIVEN {
        let given = made(program, record);
        if given.as_deref() != Ok(*wanted) {
            wrong += &format!("{program} of {record}: {given:?}, not {wanted}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// If a function is allowed but does not exist, every record is rejected.
#[test]
fn every_allowed_function_is_there() {
    for (name, arities) in allowed() {
        for arity in arities {
            let arguments = vec!["\"\""; *arity].join("; ");
            let call = if *arity == 0 { name.to_owned() } else { format!("{name}({arguments})") };
            // `.a` may be of no type that the function takes; that is a fault of
            // its own, not of the program.
            let given = made(&format!("[try ({call}) catch 1]"), r#"{"a":1}"#);
            assert!(given.is_ok(), "{call}: {given:?}");
        }
    }
}

#[test]
fn what_is_only_passed_on_keeps_its_digits_and_its_order() {
    for number in [
        "12345678901234567890123",
        "0.1000",
        "1e400",
        "-0",
        "-0.0",
        "1E5",
        "9223372036854775808",
        "1.0",
        "-12345678901234567890123456789012345678901234567890",
    ] {
        // The parser writes exponents in a way of its own, with or without jq.
        let number = &serde_json::from_str::<Value>(number).unwrap().to_string();
        let record = format!(r#"{{"z":{number},"a":[{number}]}}"#);
        assert_eq!(made(".", &record), Ok(record.clone()));
        assert_eq!(made(".z", &record), Ok(number.to_owned()));
        assert_eq!(made("{q: .a[0], b: 1} | del(.b)", &record), Ok(format!(r#"{{"q":{number}}}"#)));
        assert_eq!(made("tojson | fromjson | .a[]", &record), Ok(number.to_owned()));
    }
    let sum = made(".a + 1", r#"{"a":12345678901234567890123}"#);
    assert_eq!(sum, Ok("12345678901234567890124".to_owned()));
    let order = made(
        "[sort[] | tojson] | join(\" \")",
        "[1e400,9007199254740993,9007199254740992.0,9007199254740992,12345678901234567890123456789012345678901]",
    );
    assert_eq!(
        order,
        Ok("\"9007199254740992.0 9007199254740992 9007199254740993 12345678901234567890123456789012345678901 1e+400\"".to_owned())
    );
}

#[test]
fn a_program_reads_what_templates_read() {
    let event = json!({ "map": { "details": { "jq":
        "[$header[\"X-Event\"], $query.q, $received_at, $delivery_id, $parent]" } } });
    let outcome = crate::run(&crate::source(&event), "{}");
    let body: Value = serde_json::from_str(&outcome.events[0].message.body).unwrap();
    assert_eq!(
        body["details"]["acme"]["value"],
        json!(["push", "one", "2026-11-24T10:00:00Z", "d-1", null])
    );
    assert!(!outcome.events[0].message.body.contains("hidden"));
}

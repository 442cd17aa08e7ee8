//! Pages with damaged records, and in other character sets and formats of values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mef_poller::RunEnd;
use mef_ports::{DeadLetters, RawRecord};
use serde_json::{Value, json};

use crate::chains::by_time;
use crate::decoding::{bytes, gzip, poll, read, refused};
use crate::scripted::{Scripted, records, run};
use crate::support::{Bench, answer, at};

/// What comes of one page: the records, and the raw text and reasons of the dead letters.
async fn read_damaged(decode: &str, body: &[u8]) -> (Vec<Value>, Vec<(Vec<u8>, String)>) {
    let (bench, _, report) = poll(decode, vec![bytes(body.to_vec())]).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{decode}: {report:?}");
    assert!(bench.done().await.is_some());
    let letters = DeadLetters::list(&bench.store, Some("acme"), usize::MAX).await.unwrap();
    let raw = |raw| match raw {
        RawRecord::Text(text) => text.into_bytes(),
        RawRecord::Base64(text) => STANDARD.decode(text).unwrap(),
        RawRecord::Record(_) => panic!("{raw:?}"),
    };
    let letters = letters.into_iter().map(|letter| (raw(letter.raw), letter.reason));
    (records(&bench).await, letters.collect())
}

/// Whoever can write a byte into a vendor's log stopped its collection.
#[tokio::test]
async fn a_damaged_record_holds_no_page_of_any_format() {
    for damaged in [
        &b"{\"id\":\"\xff\"}"[..],
        b"{\"id\":\"\x00\"}",
        b"{\"id\":\"\t\"}",
        b"{\"id\":\"\\x41\"}",
        b"{\"id\":\"\\ud83d\"}",
        b"{\"id\":NaN}",
    ] {
        let list = [b"[{\"id\":1},", damaged, b",{\"id\":3}]"].concat();
        let held = |before: &[u8], after: &[u8]| [before, &list, after].concat();
        let lines = [b"{\"id\":1}\n", damaged, b"\n{\"id\":3}"].concat();
        let map = [b"{\"m\":{\"a\":{\"id\":1},\"b\":", damaged, b",\"c\":{\"id\":3}}}"].concat();
        for (decode, body) in [
            ("records: \"\"", held(b"", b"")),
            ("records: a.items", held(b"{\"a\":{\"items\":", b",\"n\":1}}\0")),
            ("records: { values: m }", map),
            ("decode: { ndjson: {} }", lines.clone()),
            ("decode: { ndjson: {} }", [lines.as_slice(), b"\n\0"].concat()),
        ] {
            let (records, letters) = read_damaged(decode, &body).await;
            assert_eq!(records, [json!({"id": 1}), json!({"id": 3})], "{decode}");
            assert_eq!((letters.len(), letters[0].0.as_slice()), (1, damaged), "{decode}");
        }
        for (decode, page) in [
            ("record: \"\"", damaged.to_vec()),
            ("record: a.b", [b"{\"a\":{\"n\":1,\"b\": ", damaged, b" },\"c\":2}"].concat()),
        ] {
            let (records, letters) = read_damaged(decode, &page).await;
            assert_eq!((records.len(), letters[0].0.as_slice()), (0, damaged), "{decode}");
        }
    }
}

#[tokio::test]
async fn a_damaged_element_holds_no_page_of_xml() {
    for damaged in [
        &b"<e><id>\xff</id></e>"[..],
        b"<e><id>&unknown;</id></e>",
        b"<e><id>&#0;</id></e>",
        b"<e><id>1 & 2</id></e>",
        b"<e id=2/>",
        b"<e id='2' id='2'></e>",
        b"<e><id>2</di></e>",
    ] {
        let page = |before: &[u8], after: &[u8]| {
            [b"<?xml version='1.0'?><a n='1'><in>", before, damaged, after, b"</in></a>"].concat()
        };
        let among = page(b"<e><id>1</id></e>", b"\n<e><id>3</id></e>");
        let expected = [json!({"id": "1"}), json!({"id": "3"})];
        for (decode, body, expected) in [
            ("records: a.in.e", among.clone(), &expected[..]),
            ("records: a.in.e\n  stop: [{ when: { \"a.@n\": \"1\" } }]", among.clone(), &expected),
            ("records: [a.in.e, a.in.none]", gzip(&among), &expected),
            ("records: a.in.e", page(b"", b""), &[]),
            ("records: e", damaged.to_vec(), &[]),
            ("record: a.in.e", page(b"", b""), &[]),
            ("record: e", damaged.to_vec(), &[]),
        ] {
            let decode = format!("decode: xml\n  {decode}");
            let (records, letters) = read_damaged(&decode, &body).await;
            assert_eq!(records, expected, "{decode}");
            assert_eq!((letters.len(), letters[0].0.as_slice()), (1, damaged), "{decode}");
            assert!(letters[0].1.starts_with("not XML: "), "{decode}: {}", letters[0].1);
        }
    }
}

/// Its page would look like the last one.
#[tokio::test]
async fn a_damaged_record_that_names_the_next_page_fails_its_page() {
    let next = |from: &str| format!("next: {{ token: {{ from: {from}, query: p }} }}");
    let xml = format!("decode: xml\n  record: a.e\n  {}", next("a.e.next"));
    refused(&xml, b"<a><e><id>\xff</id><next>2</next></e></a>").await;
    let json = format!("record: a.e\n  {}", next("a.e.next"));
    refused(&json, b"{\"a\":{\"e\":{\"id\":\"\xff\",\"next\":2}}}").await;
}

#[tokio::test]
async fn an_element_is_read_in_the_character_set_that_is_declared() {
    let mut answer = bytes(&b"<a><e>M\xfcller</e><e>M\xc3\xbcller</e></a>"[..]);
    let kind = "text/xml; charset=ISO-8859-1".parse().unwrap();
    answer.headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
    let (bench, _, _) = poll("decode: xml\n  records: a.e", vec![answer]).await;
    let expected = json!({"value": "Müller"});
    assert_eq!(records(&bench).await, [expected.clone(), expected]);
}

#[tokio::test]
async fn a_damaged_row_or_line_is_a_dead_letter_with_all_its_bytes() {
    let (records, letters) = read_damaged("decode: lines", b"a\nx\xff\"\nb\n").await;
    assert_eq!(records, [json!({"line": "a"}), json!({"line": "b"})]);
    assert_eq!(letters[0].0, b"{\"line\":\"x\xff\\\"\"}");
    let csv = "decode: { csv: {} }";
    let (records, letters) = read_damaged(csv, b"id,t\n1,a\n2,\xff\n3,c\n").await;
    assert_eq!(records, [json!({"id": "1", "t": "a"}), json!({"id": "3", "t": "c"})]);
    assert_eq!(letters[0].0, b"{\"id\":\"2\",\"t\":\"\xff\"}");
    let (records, letters) = read_damaged(csv, b"id,t\n1,2,3\n4\n5,6\n7\n8,9\n").await;
    assert_eq!(records, [json!({"id": "5", "t": "6"}), json!({"id": "8", "t": "9"})]);
    let letters: Vec<_> =
        letters.iter().map(|(raw, reason)| (raw.trim_ascii(), reason.as_str())).collect();
    assert_eq!(
        letters,
        [
            (&b"1,2,3"[..], "a row has 3 values for 2 columns"),
            (b"4", "a row has 1 values for 2 columns"),
            (b"7", "a row has 1 values for 2 columns"),
        ]
    );
}

#[tokio::test]
async fn lines_among_records_are_damaged_and_a_page_of_nothing_else_is_no_page() {
    let lines = "decode: { ndjson: {} }";
    let (records, letters) = read_damaged(lines, b"{\"id\":\"x\ny\"}\n{\"id\":1}\nz\n").await;
    assert_eq!(records, [json!({"id": 1})]);
    assert_eq!(
        letters.into_iter().map(|letter| letter.0).collect::<Vec<_>>(),
        [&b"{\"id\":\"x"[..], b"y\"}", b"z"]
    );
    assert!(refused(lines, b"Internal error\nplease try again\n").await.contains("line 1"));
}

#[tokio::test]
async fn a_damaged_detail_holds_neither_its_item_nor_the_others() {
    let files = "records: \"\"\n  details: [{ request: { get: \"https://api.example.com/{item.id}\" }, record: \"\" }]";
    let list = "[{\"id\":1},{\"id\":2},{\"id\":3}]";
    let answers =
        vec![bytes(list), bytes("{\"n\":1}"), bytes(&b"{\"n\":\"\xff\"}"[..]), bytes("{\"n\":3}")];
    let (bench, _, report) = poll(files, answers).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.delivered, report.summary.rejected), (2, 1));
    assert_eq!(records(&bench).await, [json!({"n": 1}), json!({"n": 3})]);
}

fn items(cursor: &str) -> String {
    by_time(
        "  request: { get: \"https://api.example.com/list\", query: { from: \"{window.start|epoch}\", to: \"{window.end|epoch}\" } }
  records: \"\"
  details: [{ request: { get: \"https://api.example.com/{item.id}\" }, next: { url: next }, records: items }]\n",
        cursor,
    )
}

#[tokio::test]
async fn a_damaged_record_of_an_item_that_was_cut_off_is_rejected_once() {
    for cursor in ["time: time, id: id", "windows: true"] {
        let bench = Bench::new(0);
        let list = json!([{ "id": "a", "time": at(-10) }]).to_string();
        let first = b"{\"items\": [{\"n\": 1}, {\"n\": \"\xff\"}], \"next\": \"/a?p=2\"}";
        let cut = vec![bytes(list.clone()), bytes(&first[..]), answer(400, &[], "{}")];
        let report = run(&bench, &Scripted::answers(cut), &items(cursor)).await;
        assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
        assert_eq!((report.summary.delivered, report.summary.rejected), (0, 0), "{cursor}");
        let whole = vec![bytes(list), bytes(&first[..]), bytes("{\"items\": [{\"n\": 3}]}")];
        let report = run(&bench, &Scripted::answers(whole), &items(cursor)).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!((report.summary.delivered, report.summary.rejected), (2, 1), "{cursor}");
    }
}

#[tokio::test]
async fn a_damaged_record_that_an_unfinished_item_has_brought_is_known() {
    let bench = Bench::new(0);
    let many = (0..2_000).map(|n| format!("{n}")).collect::<Vec<_>>().join(",");
    let first = [b"{\"items\": [\"\xff\",", many.as_bytes(), b"], \"next\": \"/a?p=2\"}"].concat();
    let list = || bytes("[{\"id\": \"a\"}]");
    let cut = vec![list(), bytes(first.clone()), answer(400, &[], "{}")];
    let report = run(&bench, &Scripted::answers(cut), &items("windows: true")).await;
    assert_eq!((report.summary.delivered, report.summary.rejected), (2_000, 1), "{report:?}");
    let whole = vec![list(), bytes(first), bytes("{\"items\": [2000]}")];
    let report = run(&bench, &Scripted::answers(whole), &items("windows: true")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((report.summary.delivered, report.summary.rejected), (1, 0));
}

#[tokio::test]
async fn the_source_file_says_in_which_character_set_a_page_is() {
    let utf16 = |text: &str| {
        [0xfeff]
            .into_iter()
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    for (decode, latin1, text) in [
        ("records: \"\"", &b"[{\"id\":\"M\xfcller\"}]"[..], "[{\"id\":\"Müller\"}]"),
        ("decode: { csv: {} }", b"id\nM\xfcller\n", "id\nMüller\n"),
        ("decode: { ndjson: {} }", b"{\"id\":\"M\xfcller\"}\n", "{\"id\":\"Müller\"}\n"),
    ] {
        let expected = [json!({ "id": "Müller" })];
        let said = format!("{decode}\n  charset: iso-8859-1");
        assert_eq!(read(&said, latin1).await, expected, "{decode}");
        assert_eq!(read(&said, gzip(latin1)).await, expected, "{decode}");
        // A byte order mark says so itself.
        assert_eq!(read(decode, utf16(text)).await, expected, "{decode}");
        let declared = |body: &[u8]| {
            let mut answer = bytes(body.to_vec());
            let kind = "text/x; charset=ISO-8859-1".parse().unwrap();
            answer.headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
            answer
        };
        for body in [latin1, text.as_bytes()] {
            let (bench, _, _) = poll(decode, vec![declared(body)]).await;
            assert_eq!(records(&bench).await, expected, "{decode}");
        }
    }
    let xml = b"<a><b><id>M\xfcller</id></b></a>";
    let said = "decode: xml\n  charset: iso-8859-1\n  records: a.b";
    assert_eq!(read(said, &xml[..]).await, [json!({ "id": "Müller" })]);
}

#[tokio::test]
async fn values_that_follow_each_other_are_records() {
    let three = [json!({"id": 1}), json!({"id": 2}), json!({"id": 3})];
    let sequence = b"\x1e{\"id\":1}\n\x1e{\"id\":\n2}\n\x1e{\"id\":3}\n";
    assert_eq!(read("decode: json_seq", &sequence[..]).await, three);
    assert_eq!(read("decode: json_seq", gzip(sequence)).await, three);
    assert_eq!(read("decode: concatenated", "{\"id\":1}{\"id\":2}\n {\"id\":3}").await, three);
    let (found, letters) =
        read_damaged("decode: json_seq", b"\x1e{\"id\":1}\n\x1e{\"id\"\x1e{\"id\":3}\n").await;
    assert_eq!((found.len(), letters[0].0.as_slice()), (2, &b"{\"id\""[..]));
    let (found, letters) =
        read_damaged("decode: concatenated", b"{\"id\":1}{\"id\":NaN}{\"id\":3}").await;
    assert_eq!((found.len(), letters[0].0.as_slice()), (2, &b"{\"id\":NaN}"[..]));
    refused("decode: json_seq", b"\x1e{\"id\":1}\n\x1e{\"id\"").await;
    refused("decode: concatenated", b"{\"id\":1}{\"id\"").await;
}

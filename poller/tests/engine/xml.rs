//! Pages of XML: what is in them, what is missing from them, and what is none.

use mef_poller::{FetchError, RunEnd, RunError};
use mef_ports::DeadLetters;
use serde_json::{Value, json};

use crate::decoding::{bytes, poll, read, refused, refused_once};
use crate::scripted::records;

#[tokio::test]
async fn elements_are_objects() {
    let decode = "decode: xml\n  records: events.event";
    let two = "<?xml version=\"1.0\"?><events><!-- x --><event id=\"1\" a=\"&lt;&#x41;\"><t>10 &amp; 11</t><tag>x</tag><tag>y</tag></event><event id=\"2\"><![CDATA[<raw>]]></event></events>";
    assert_eq!(
        read(decode, two).await,
        [
            json!({"@id": "1", "@a": "<A", "t": "10 & 11", "tag": ["x", "y"]}),
            json!({"@id": "2", "$text": "<raw>"}),
        ]
    );
    assert_eq!(read(decode, "<events><event id='1'/></events>").await, [json!({"@id": "1"})]);
    assert_eq!(read(decode, "<events></events>").await, Vec::<Value>::new());
    assert_eq!(read(decode, "<events from='1'> </events>").await, Vec::<Value>::new());
    assert!(refused_once(decode, b"<events>&x;<event/></events>").await.contains("entity"));
    let deep = "<a>".repeat(5_000) + &"</a>".repeat(5_000);
    assert!(refused_once(decode, deep.as_bytes()).await.contains("levels"));
}

/// A maintenance page, another kind of answer and a typo in `records` were all
/// taken for a page without records.
#[tokio::test]
async fn an_xml_page_without_its_list_is_no_empty_page() {
    let other = "<SIMPLE_RETURN><RESPONSE><CODE>1960</CODE></RESPONSE></SIMPLE_RETURN>";
    for missing in ["fail", "empty"] {
        let decode =
            |records| format!("decode: xml\n  records: {records}\n  missing_records: {missing}");
        for (records, body) in [
            ("events.event", "<html><body>Maintenance</body></html>"),
            ("events.event", other),
            ("events.event", "<events>Maintenance</events>"),
            ("event", "<events><event/></events>"),
            // What encloses the list is there more than once.
            ("a.b.c", "<a><b><c>1</c></b><b><c>2</c></b></a>"),
        ] {
            let said = refused_once(&decode(records), body.as_bytes()).await;
            assert!(said.contains("NoRecords"), "{missing} {body}: {said}");
        }
        assert_eq!(read(&decode("a.b.c"), "<a><b/></a>").await, Vec::<Value>::new());
    }
    let list = "decode: xml\n  records: OUT.RESPONSE.LIST.HOST";
    let none = "<OUT><RESPONSE><DATETIME>x</DATETIME></RESPONSE></OUT>";
    assert!(refused_once(list, none.as_bytes()).await.contains("NoRecords"));
    let list = format!("{list}\n  missing_records: empty");
    assert_eq!(read(&list, none).await, Vec::<Value>::new());
}

/// A page number ends at a page without records: one record is not none.
#[tokio::test]
async fn a_page_of_one_element_is_not_the_last() {
    let pages = "next: { page: { start: 1, query: page } }\n  decode: xml\n  records: a.b";
    let answers = ["<a><b>1</b></a>", "<a><b>2</b><b>3</b></a>", "<a/>"].map(bytes);
    let (bench, vendor, report) = poll(pages, answers.to_vec()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((vendor.requests().len(), records(&bench).await.len()), (3, 3));
}

#[tokio::test]
async fn a_document_type_is_passed_over_unless_it_declares_something() {
    let decode = "decode: xml\n  records: events.event";
    let rest = "<events><event><id>1</id></event></events>";
    for kind in ["SYSTEM \"https://vendor.example/out.dtd\"", "PUBLIC '-//V//OUT' 'out.dtd'", ""] {
        let document = format!("<?xml version=\"1.0\"?>\n<!DOCTYPE events {kind}>\n{rest}");
        assert_eq!(read(decode, document).await, [json!({"id": "1"})]);
    }
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxx\">]><events><event>&x;</event></events>";
    assert!(refused_once(decode, bomb.as_bytes()).await.contains("document type"));
}

#[tokio::test]
async fn what_is_cut_off_is_asked_for_again_and_what_is_ill_formed_is_not() {
    let decode = "decode: xml\n  records: a.b";
    for cut in
        ["", "<a><b>1</b>", "<a><b>1</b", "<a><b c=\"1", "<a><!-- ", "<a><![CDATA[x", "<!DOCTYPE a"]
    {
        refused(decode, cut.as_bytes()).await;
    }
    for (other, reason) in [
        ("<a><b>1</c></a>", "where its records end cannot be found"),
        ("<a b=1><b>1</b></a>", "attribute"),
    ] {
        let said = refused_once(decode, other.as_bytes()).await;
        assert!(said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn a_rule_looks_into_an_answer_that_is_xml() {
    let rules = "errors: [{ when: { body: { ERROR.CODE: 1960 } }, do: fail }]";
    let error = "<?xml version=\"1.0\"?>\n<!DOCTYPE ERROR SYSTEM \"x.dtd\"><ERROR><CODE>1960</CODE></ERROR>";
    for (decode, body) in [
        ("decode: xml\n  records: OUT.HOST", error),
        ("decode: xml\n  records: OUT.HOST", "{\"ERROR\":{\"CODE\":1960}}"),
        ("decode: { csv: {} }", "{\"ERROR\":{\"CODE\":\"1960\"}}"),
        ("records: items", error),
    ] {
        let (_, vendor, report) = poll(&format!("{decode}\n  {rules}"), vec![bytes(body)]).await;
        let RunEnd::Failed(RunError::Fetch(FetchError::Ruled(ruled))) = report.end else {
            panic!("{decode} {body}: {report:?}")
        };
        assert_eq!((ruled.rule, vendor.requests().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_single_element_is_split_as_a_list_of_one() {
    let split = "decode: xml\n  records: out.host\n  event: { split: detections.one }";
    let host =
        |inner: &str| format!("<out><host><ip>h</ip><detections>{inner}</detections></host></out>");
    let expected = [json!({"q": "1"}), json!({"q": "2"})];
    assert_eq!(read(split, host("<one><q>1</q></one><one><q>2</q></one>")).await, expected);
    assert_eq!(read(split, host("<one><q>1</q></one>")).await, expected[..1]);
    assert_eq!(read(split, host("<one>x</one>")).await, [json!({"value": "x"})]);
    // A list without elements is left out of what encloses it.
    assert!(read(split, host("")).await.is_empty());
    assert!(read(split, host("<other/>")).await.is_empty());
    let (_, _, report) = poll(split, vec![bytes("<out><host><ip>h</ip></host></out>")]).await;
    assert_eq!(report.summary.rejected, 1);
    // In JSON it is not what the source file says.
    let json = split.replace("decode: xml\n  ", "");
    let page = "{\"out\":{\"host\":[{\"detections\":{\"one\":{\"q\":1}}}]}}";
    let (bench, _, report) = poll(&json, vec![bytes(page)]).await;
    assert_eq!(report.summary.rejected, 1);
    assert_eq!(DeadLetters::list(&bench.store, Some("acme"), 9).await.unwrap().len(), 1);
}

/// An attribute is no record, and what the vendor has twice is two.
#[tokio::test]
async fn the_values_of_an_element_are_the_elements_in_it() {
    let decode = "decode: xml\n  records: { values: out.events }";
    let events = |inner: &str| format!("<out><events from='1'>{inner}</events></out>");
    let three = "<login><u>a</u></login><logout><u>b</u></logout><login><u>c</u></login>";
    let expected = [json!({"u": "a"}), json!({"u": "c"}), json!({"u": "b"})];
    assert_eq!(read(decode, events(three)).await, expected);
    assert_eq!(read(decode, events("<login><u>a</u></login>")).await, expected[..1]);
    assert_eq!(read(decode, events("")).await, Vec::<Value>::new());
    assert_eq!(read(decode, "<out/>").await, Vec::<Value>::new());
    let said = refused_once(decode, b"<out><events>Maintenance</events></out>").await;
    assert!(said.contains("NoRecords"), "{said}");
    // A page number ends at a page without records, and an attribute is none.
    let pages = format!("next: {{ page: {{ start: 1, query: page }} }}\n  {decode}");
    let answers = [bytes(events("<a>1</a>")), bytes(events(""))];
    let (bench, vendor, report) = poll(&pages, answers.to_vec()).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!((vendor.requests().len(), records(&bench).await.len()), (2, 1));
}

#[tokio::test]
async fn a_damaged_element_among_the_values_of_another_is_a_dead_letter() {
    for (values, begin, end) in [
        ("out.events", "<out><events n='1'>", "</events></out>"),
        ("events", "<events>", "</events>"),
    ] {
        let decode = format!("decode: xml\n  records: {{ values: {values} }}");
        let page = format!("{begin}<a><u>1</u></a><b>&unknown;</b><c><u>2</u></c>{end}");
        let (bench, _, report) = poll(&decode, vec![bytes(page)]).await;
        assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
        assert_eq!(records(&bench).await, [json!({"u": "1"}), json!({"u": "2"})]);
        let letters = DeadLetters::list(&bench.store, Some("acme"), 9).await.unwrap();
        assert_eq!(letters.len(), 1, "{values}");
    }
}

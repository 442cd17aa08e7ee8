//! Dead letters of records that could not be read, run again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mef_ports::{DeadLetter, DeadLetters as _, RawRecord};
use mef_source::Source;
use serde_json::json;

use crate::{Bench, by_place};

/// Stores the letter as if the record had been mended.
async fn mend(bench: &Bench, text: &str) -> DeadLetter {
    let letter = bench.letters().await.remove(0);
    let mended = DeadLetter { raw: RawRecord::Text(text.to_owned()), ..letter.clone() };
    bench.store.put(&[mended]).await.unwrap();
    letter
}

#[tokio::test]
async fn a_record_of_a_list_keeps_its_bytes_its_place_and_its_id() {
    for (split, body) in [
        ("", &b"[{\"n\":0},{\"n\":\"\xff\"},{\"n\":2}]"[..]),
        (
            ", split: in.events",
            b"{\"in\":{\"events\":[{\"n\":0},{\"n\":\"\xff\"},{\"n\":2}]},\"org\":7}",
        ),
    ] {
        let source = by_place("{}", split);
        let bench = Bench::new(Some(source.clone()));
        bench.push(&source, "application/json", body).await;
        assert_eq!((bench.events().await.len(), bench.letters().await.len()), (2, 1));
        let done = bench.redrive().await.unwrap();
        assert_eq!((done.redriven, done.refused_again), (0, 1));
        let before = mend(&bench, "{\"n\":1}").await;
        assert_eq!((before.attempts, before.index), (2, 1));
        assert_eq!(bench.redrive().await.unwrap().delivered, 1);
        let as_if_never_damaged = Bench::new(None);
        let whole = String::from_utf8_lossy(body).replace("\"\u{fffd}\"", "1");
        as_if_never_damaged.push(&source, "application/json", whole.as_bytes()).await;
        assert_eq!(bench.events().await, as_if_never_damaged.events().await);
    }
}

/// Returns the raw bytes of the only letter.
async fn only_raw(bench: &Bench) -> Vec<u8> {
    let mut letters = bench.letters().await;
    assert_eq!(letters.len(), 1);
    match letters.remove(0).raw {
        RawRecord::Text(text) => text.into_bytes(),
        RawRecord::Base64(text) => STANDARD.decode(text).unwrap(),
        RawRecord::Record(record) => record.to_string().into_bytes(),
    }
}

#[tokio::test]
async fn an_element_of_xml_keeps_its_bytes_its_place_and_its_id() {
    let source = pushed_as(", decode: xml", "split: in.events.e");
    for damaged in [&b"<e><n>\xff</n></e>"[..], b"<e><n>&x;</n></e>", b"<e n=1/>"] {
        let body = |second: &[u8]| {
            [b"<in o='7'><events><e><n>0</n></e>", second, b"<e><n>2</n></e></events></in>"]
                .concat()
        };
        let bench = Bench::new(Some(source.clone()));
        bench.push(&source, "application/xml", &body(damaged)).await;
        assert_eq!(bench.events().await.len(), 2);
        assert_eq!(only_raw(&bench).await, damaged);
        let done = bench.redrive().await.unwrap();
        assert_eq!((done.redriven, done.refused_again), (0, 1));
        assert_eq!(only_raw(&bench).await, damaged);
        let before = mend(&bench, "<e><n>1</n></e>").await;
        assert_eq!((before.index, before.place.as_str()), (1, "/in/events/e/1"));
        assert!(before.reason.starts_with("not XML: "), "{}", before.reason);
        assert_eq!(bench.redrive().await.unwrap().delivered, 1);
        let as_if_never_damaged = Bench::new(None);
        as_if_never_damaged.push(&source, "application/xml", &body(b"<e><n>1</n></e>")).await;
        assert_eq!(bench.events().await, as_if_never_damaged.events().await);
    }
    let bench = Bench::new(Some(source.clone()));
    bench.push(&source, "application/xml", b"<in><events><e></events></in>").await;
    let letter = bench.letters().await.remove(0);
    assert!(letter.reason.contains("where its records end cannot be found"), "{}", letter.reason);
}

#[tokio::test]
async fn xml_that_nobody_said_is_refused_with_what_to_write() {
    let source = pushed("");
    for content_type in ["application/xml", "text/xml; charset=utf-8", "application/rss+xml", ""] {
        let bench = Bench::new(None);
        bench.push(&source, content_type, b"\xef\xbb\xbf <n>x</n>").await;
        let letter = bench.letters().await.remove(0);
        assert!(letter.reason.contains("`decode: xml`"), "{content_type}: {}", letter.reason);
        bench.push(&source, content_type, b"{\"n\":1}").await;
        assert_eq!(bench.events().await.len(), 1, "{content_type}");
    }
}

#[tokio::test]
async fn a_record_that_is_a_list_itself_is_still_one_record() {
    let source = by_place("{}", "");
    let bench = Bench::new(Some(source.clone()));
    bench.push(&source, "application/json", b"[[1],[NaN]]").await;
    mend(&bench, "[2,3]").await;
    assert_eq!(bench.redrive().await.unwrap().delivered, 1);
    let details: Vec<_> =
        bench.events().await.into_iter().map(|(_, e)| e["details"]["acme"].clone()).collect();
    assert_eq!(details, [json!({"value": [1]}), json!({"value": [2, 3]})]);
}

#[tokio::test]
async fn what_is_refused_first_is_refused_by_an_unchanged_redrive() {
    for (encoding, body) in [
        ("gzip", &b"{\"n\":1}"[..]),
        ("GZIP", b"{\"n\":1}"),
        ("utf-8", b"{\"n\":1}"),
        ("aws-chunked", b"{\"n\":1}"),
        ("identity", b"{\"n\":1}"),
        ("br", b"{\"n\":1}"),
        ("gzip", b"\x1f\x8bno"),
        ("", b"\x1f\x8bno"),
    ] {
        let source = by_place("{}", "");
        let bench = Bench::new(Some(source.clone()));
        bench.push_with(&source, &[("content-encoding", encoding)], body).await;
        let first = (bench.events().await.len(), bench.letters().await.len());
        bench.redrive().await.unwrap();
        assert_eq!((bench.events().await.len(), bench.letters().await.len()), first, "{encoding}");
    }
}

#[tokio::test]
async fn a_body_with_many_records_is_run_again_in_parts() {
    let (strict, mended) = (by_place("{}", ", split: none"), by_place("{}", ", split: list"));
    let bench = Bench::new(Some(mended));
    let records: Vec<_> =
        (0..3000).map(|n| if n % 2 == 0 { json!({ "n": n }) } else { json!(n) }).collect();
    let body = json!({ "list": records }).to_string();
    bench.push(&strict, "application/json", body.as_bytes()).await;
    *bench.today.0.lock().unwrap() = Some(by_place(r#"{"type":"object"}"#, ", split: list"));
    let done = bench.redrive().await.unwrap();
    assert_eq!((done.delivered, done.refused_again, done.redriven), (1500, 1, 0));
    assert_eq!(bench.store.list(None, 5000).await.unwrap().len(), 1500);
}

/// Returns a pushed source with these keys of `webhook`.
fn pushed(keys: &str) -> Source {
    pushed_as(keys, "")
}

/// Returns a pushed source with these keys of `webhook` and `event`.
fn pushed_as(keys: &str, event: &str) -> Source {
    let file =
        format!("source: acme\nwebhook: {{ unauthenticated: test{keys} }}\nevent: {{ {event} }}\n");
    mef_source::load(&file, &|_| Err(String::new())).unwrap().source
}

#[tokio::test]
async fn what_was_in_another_character_set_or_format_is_read_once_the_file_says_so() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for (content_type, body, said, expected) in [
        ("application/json", b"{\"n\":\"M\xfcller\"}".to_vec(), "charset: iso-8859-1", 1),
        (
            "application/json",
            b"[{\"n\":0},{\"n\":\"M\xfcller\"}]".to_vec(),
            "charset: windows-1252",
            2,
        ),
        ("application/x-ndjson", b"{\"n\":\"M\xfcller\"}\n".to_vec(), "charset: iso-8859-1", 1),
        ("application/json", utf16("[{\"n\":\"Müller\"}]"), "charset: utf-16", 1),
        ("application/x-www-form-urlencoded", b"n=M%FCller".to_vec(), "charset: iso-8859-1", 1),
        (
            "application/x-www-form-urlencoded",
            b"{\"n\":\"M=\xc3\xbcller\"}".to_vec(),
            "decode: json",
            1,
        ),
        ("application/json", b"{\"n\":\"Mueller\"}{\"n\":1}".to_vec(), "decode: concatenated", 2),
        ("application/xml", b"<n>x</n>".to_vec(), "decode: xml", 1),
    ] {
        let as_before = pushed("");
        let bench = Bench::new(Some(as_before.clone()));
        bench.push(&as_before, content_type, &body).await;
        assert_eq!(bench.letters().await.len(), 1, "{said}");
        assert_eq!(bench.redrive().await.unwrap().redriven, 0, "{said}");
        let mended = pushed(&format!(", {said}"));
        *bench.today.0.lock().unwrap() = Some(mended.clone());
        bench.redrive().await.unwrap();
        assert_eq!(
            (bench.letters().await.len(), bench.events().await.len()),
            (0, expected),
            "{said}"
        );
        let at_first = Bench::new(None);
        at_first.push(&mended, content_type, &body).await;
        assert_eq!(bench.events().await, at_first.events().await, "{said}");
        let events = format!("{:?}", at_first.events().await);
        assert!(!events.contains('\u{fffd}') && !events.contains("\\u{0}"), "{events}");
    }
}

#[tokio::test]
async fn a_record_that_is_declared_to_be_latin_1_is_read_and_utf_8_stays() {
    let source = pushed("");
    let bench = Bench::new(None);
    let body = b"[{\"n\":\"M\xfcller\"},{\"n\":\"M\xc3\xbcller\"}]";
    bench.push(&source, "application/json; charset=iso-8859-1", body).await;
    let names: Vec<_> =
        bench.events().await.into_iter().map(|(_, e)| e["details"]["acme"]["n"].clone()).collect();
    assert_eq!(names, ["Müller", "Müller"]);
}

#[tokio::test]
async fn a_part_of_a_text_that_was_turned_into_utf_8_is_not_turned_again() {
    for (charset, body) in [
        ("iso-8859-1", b"[{\"n\":\"\xfc\"},{\"n\":\"\xe4\",x}]".to_vec()),
        (
            "utf-16",
            "[{\"n\":\"ü\"},{\"n\":\"ä\",x}]".encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
    ] {
        let source = pushed(&format!(", charset: {charset}"));
        let bench = Bench::new(Some(source.clone()));
        bench.push(&source, "application/json", &body).await;
        assert_eq!(bench.redrive().await.unwrap().refused_again, 1);
        let letter = mend(&bench, "{\"n\":\"ä\"}").await;
        assert_eq!(letter.raw, RawRecord::Text("{\"n\":\"ä\",x}".to_owned()));
        assert_eq!(bench.redrive().await.unwrap().redriven, 1);
        let names: Vec<_> = bench
            .events()
            .await
            .into_iter()
            .map(|(_, e)| e["details"]["acme"]["n"].clone())
            .collect();
        assert_eq!(names, ["ä", "ü"]);
    }
}

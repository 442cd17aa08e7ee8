//! A webhook whose body is noise, on its way through the pipeline.

use std::sync::LazyLock;

use jiff::Timestamp;
use mef_auth::verify::{LiveSecrets, verify};
use mef_pipeline::{Admitted, Pipeline};
use mef_source::Source;

use crate::request;

/// Webhooks of every decoder, and events of every kind: what stands beside `unauthenticated`, and `event`.
/// A new one gets a line.
const WEBHOOKS: &[(&str, &str)] = &[
    ("decode: auto", "{ map: { summary: \"{a}\" } }"),
    ("decode: json", "{ split: items, map: { summary: \"{a|upper}\", details: { a: \"{a}\" } } }"),
    ("decode: ndjson", "{ map: { timestamp: \"{time}\" } }"),
    ("decode: json_seq", "{}"),
    ("decode: concatenated", "{}"),
    ("decode: form", "{}"),
    ("decode: xml", "{ split: a.b }"),
    (
        "decode: json, charset: windows-1252",
        "{ map: { summary: { jq: \".a // .b | tostring\" } } }",
    ),
];

static SOURCES: LazyLock<Vec<(Source, Pipeline)>> = LazyLock::new(|| {
    let load = |(webhook, event): &(&str, &str)| {
        let text = format!(
            "source: fuzz\nwebhook: {{ unauthenticated: a test, {webhook} }}\nevent: {event}\n"
        );
        match mef_source::load(&text, &|_| Err("no files".to_owned())) {
            Ok(loaded) => {
                let pipeline = Pipeline::for_webhook(&loaded.source).expect("it is pushed");
                (loaded.source, pipeline)
            }
            Err(problems) => panic!("the webhook does not load: {problems:?}\n{text}"),
        }
    };
    WEBHOOKS.iter().map(load).collect()
});

/// Takes a request of noise through the pipeline that `index` chooses, at once and a part at a time:
/// both must give the same events and as many dead letters.
///
/// # Panics
///
/// Panics if they do not, or if the pipeline panics.
pub fn run(index: u8, noise: &[u8]) {
    let (source, pipeline) = &SOURCES[usize::from(index) % SOURCES.len()];
    let webhook = source.webhook.as_ref().expect("the source is pushed");
    let now = Timestamp::from_second(1_700_000_000).expect("it is in range");
    let secrets = LiveSecrets::default();
    let admitted = || {
        let verified = verify(webhook, request(noise), &secrets, now).expect("nothing is asked");
        Admitted::webhook(&verified, webhook, now)
    };
    let whole = pipeline.run(admitted());
    let whole_ids: Vec<_> =
        whole.events.iter().map(|event| event.message.event_id.clone()).collect();
    let mut running = pipeline.start(admitted());
    let (mut ids, mut letters) = (Vec::new(), 0);
    while let Some(part) = running.next_part() {
        ids.extend(part.events.into_iter().map(|event| event.message.event_id));
        letters += part.letters.len();
    }
    assert_eq!((ids, letters), (whole_ids, whole.letters.len()));
    assert!(whole.events.iter().all(|event| !event.message.body.is_empty()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_webhook_loads_and_runs() {
        for index in 0..WEBHOOKS.len() {
            run(
                u8::try_from(index).expect("there are few"),
                b"content-type: text/xml\n\n<a><b/></a>",
            );
        }
    }
}

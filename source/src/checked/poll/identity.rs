//! Identities of requests. They tell that a cursor was stored under an earlier version
//! of the source file and is stale.
//!
//! Identities are stored, so only the source file may change one: never the name of a
//! type or field, or the order of fields. A new key is written only if a file has it,
//! so that files without it keep their identities.

use serde_json::Value;

use super::details::{Batch, Detail};
use super::identify::{Identify, Identity};
use super::pages::Pages;
use super::pages::decode::{Csv, PageDecode, Trailer};
use super::pages::next::{Next, Slot, TokenForm};
use super::pages::records::Records;
use super::pages::stop::Stop;
use super::request::body::RequestBody;
use super::request::{Method, Request};
use super::response_when::{Condition, ResponseWhen};
use super::setup::SetupStep;
use super::wait::Wait;
use crate::checked::json_template::JsonTemplate;
use crate::path::Path;
use crate::template::{Filter, HmacText, Part, Template};
use crate::time_zone::Zone;
use crate::written::{Compression, MissingRecords, MissingTrailer, Take, TimeFormat};

/// Returns the identity of all requests for records.
pub(crate) fn of_requests(pages: &Pages, setup: &[SetupStep], details: &[Detail]) -> String {
    let mut identity = Identity::new("requests");
    (&pages.request, &pages.then).add_to(&mut identity);
    (&pages.next, (setup, details)).add_to(&mut identity);
    identity.finish()
}

/// Returns the identity of `request` without the query parameters that are
/// `rewritten` in a kept link.
pub(crate) fn of_kept_link(request: &Request, rewritten: &[(String, Template)]) -> String {
    let mut fixed = request.clone();
    fixed.query.retain(|(name, _)| !rewritten.iter().any(|(other, _)| other == name));
    let mut identity = Identity::new("link");
    fixed.add_to(&mut identity);
    identity.finish()
}

impl Identify for Path {
    fn add_to(&self, to: &mut Identity) {
        (self.root().word(), self.segments()).add_to(to);
    }
}

impl Identify for Template {
    fn add_to(&self, to: &mut Identity) {
        self.parts.add_to(to);
    }
}

impl Identify for Part {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Part::Literal(text) => text.add_to(to),
            Part::Placeholder(placeholder) => {
                to.form("placeholder", (&placeholder.path, &placeholder.filters))
            }
        }
    }
}

impl Identify for Filter {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Filter::Rfc3339 => to.choice("rfc3339"),
            Filter::Rfc3339Decimals(count) => to.form("rfc3339_decimals", u64::from(*count)),
            Filter::Epoch => to.choice("epoch"),
            Filter::EpochMs => to.choice("epoch_ms"),
            Filter::EpochUs => to.choice("epoch_us"),
            Filter::EpochNs => to.choice("epoch_ns"),
            Filter::FromEpoch => to.choice("from_epoch"),
            Filter::FromEpochMs => to.choice("from_epoch_ms"),
            Filter::FromEpochUs => to.choice("from_epoch_us"),
            Filter::FromEpochNs => to.choice("from_epoch_ns"),
            Filter::Date(format, zone) => to.form("date", (format, InZone(zone.as_ref()))),
            Filter::FromDate(reader) => {
                to.form("from_date", (&reader.format, InZone(reader.zone.as_ref())))
            }
            Filter::Plus(more) => to.form("plus", Value::from(*more)),
            Filter::Before(mark) => to.form("before", mark),
            Filter::After(mark) => to.form("after", mark),
            Filter::Lower => to.choice("lower"),
            Filter::Upper => to.choice("upper"),
            Filter::Join(between) => to.form("join", between),
            Filter::Default(value) => to.form("default", value),
            Filter::UrlEncode => to.choice("urlencode"),
            Filter::Base64 => to.choice("base64"),
            Filter::Digest(digest) => to.choice(digest.name()),
            Filter::Lookup(table) => to.form("lookup", table.iter().collect::<Vec<_>>()),
            Filter::Json => to.choice("json"),
            Filter::Text => to.choice("text"),
            Filter::Ip => to.choice("ip"),
            Filter::Pieces(most) => to.form("pieces", *most as u64),
            Filter::Hmac(HmacText::Hex) => to.choice("hmac_hex"),
            Filter::Hmac(HmacText::Base64) => to.choice("hmac_base64"),
        }
    }
}

/// The zone of a time; nothing if there is none, as before there were zones.
struct InZone<'z>(Option<&'z Zone>);

impl Identify for InZone<'_> {
    fn add_to(&self, to: &mut Identity) {
        if let Some(zone) = self.0 {
            to.form("zone", zone.name());
        }
    }
}

impl Identify for TimeFormat {
    fn add_to(&self, to: &mut Identity) {
        to.choice(match self {
            TimeFormat::Auto => "auto",
            TimeFormat::Rfc3339 => "rfc3339",
            TimeFormat::Epoch => "epoch",
            TimeFormat::EpochMs => "epoch_ms",
            TimeFormat::EpochUs => "epoch_us",
            TimeFormat::EpochNs => "epoch_ns",
            TimeFormat::Strftime(text) => text,
        });
    }
}

impl Identify for JsonTemplate {
    fn add_to(&self, to: &mut Identity) {
        match self {
            JsonTemplate::Constant(value) => value.add_to(to),
            JsonTemplate::Template(template) => to.form("template", template),
            JsonTemplate::List(list) => to.form("list", list),
            JsonTemplate::Object(object) => to.form("object", object),
        }
    }
}

impl Identify for Request {
    fn add_to(&self, to: &mut Identity) {
        let Request { method, url, origin, query, headers, body } = self;
        to.choice(match method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Delete => "delete",
        });
        (url, origin.to_string()).add_to(to);
        ((query, headers), body).add_to(to);
    }
}

impl Identify for RequestBody {
    fn add_to(&self, to: &mut Identity) {
        match self {
            RequestBody::Json(json) => to.form("json", json),
            RequestBody::Form(fields) => to.form("form", fields),
            RequestBody::Raw { text, content_type } => to.form("body", (text, content_type)),
        }
    }
}

impl Identify for SetupStep {
    fn add_to(&self, to: &mut Identity) {
        let SetupStep { request, ignore, wait, values } = self;
        ((request, ignore), (wait, values)).add_to(to);
    }
}

impl Identify for Wait {
    fn add_to(&self, to: &mut Identity) {
        let Wait { until, fail, values, every, at_most } = self;
        (((until, fail), values), (every, at_most)).add_to(to);
    }
}

impl Identify for ResponseWhen {
    fn add_to(&self, to: &mut Identity) {
        let ResponseWhen { status, headers, body } = self;
        let ranges = status.ranges().iter();
        let ranges = ranges.map(|range| (u64::from(*range.start()), u64::from(*range.end())));
        (ranges.collect::<Vec<_>>(), (headers, body)).add_to(to);
    }
}

impl Identify for Condition {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Condition::OneOf(values) => values.add_to(to),
            Condition::Matches(pattern) => {
                to.choice("matches");
                let framed = pattern.as_str().strip_prefix("^(?s:");
                framed.and_then(|text| text.strip_suffix(")$")).add_to(to);
            }
            Condition::NotEmpty => to.choice("not_empty"),
        }
    }
}

impl Identify for Detail {
    fn add_to(&self, to: &mut Identity) {
        let Detail { pages, batch, ignore, expires, keep } = self;
        (((pages, batch), ignore), (expires, keep)).add_to(to);
    }
}

impl Identify for Batch {
    fn add_to(&self, to: &mut Identity) {
        let Batch { size, of } = self;
        (*size as u64, of).add_to(to);
    }
}

impl Identify for Pages {
    fn add_to(&self, to: &mut Identity) {
        // The character set changes no request, and neither does what records are expected to have.
        let Pages {
            request,
            then,
            next,
            stop,
            decode,
            compression,
            charset: _,
            records,
            missing_records,
            expects: _,
        } = self;
        ((request, then), (next, stop)).add_to(to);
        decode.add_to(to);
        to.choice(match compression {
            Compression::Auto => "auto",
            Compression::Gzip => "gzip",
            Compression::Zip => "zip",
        });
        records.add_to(to);
        to.choice(match missing_records {
            MissingRecords::Fail => "fail",
            MissingRecords::Empty => "empty",
        });
    }
}

impl Identify for Next {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Next::Link { relation, take } => {
                to.form("link", relation);
                take.add_to(to);
            }
            // Which values mean none does not change what is asked for.
            Next::Url { from, take, none: _ } => {
                to.form("url", from);
                take.add_to(to);
            }
            Next::Token { from, form, to: slot, none: _, again } => {
                to.choice(if *again { "token_again" } else { "token" });
                from.add_to(to);
                match form {
                    TokenForm::Text => to.choice("text"),
                    TokenForm::Joined(between) => between.add_to(to),
                    TokenForm::Json => to.choice("json"),
                }
                slot.add_to(to);
            }
            Next::Page { to: slot, start } => to.form("page", (slot, start)),
            Next::Offset { to: slot, start, step } => to.form("offset", (slot, (start, step))),
            Next::Last { from, plus, to: slot } => to.form("last", (from, (plus, slot))),
            Next::Again => to.choice("again"),
        }
    }
}

impl Identify for Take {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Take::Url => {}
            Take::Query => to.choice("take_query"),
        }
    }
}

impl Identify for Slot {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Slot::Query(name) => to.form("query", name),
            Slot::Header(name) => to.form("header", name),
            Slot::Json(path) => to.form("json", path),
            Slot::Form(name) => to.form("form", name),
        }
    }
}

impl Identify for Stop {
    fn add_to(&self, to: &mut Identity) {
        let Stop { empty_page, same_next, short_page, unless, when, link_when, total, pages } =
            self;
        (u64::from(*empty_page), u64::from(*same_next)).add_to(to);
        ((short_page, unless), (when, (total, pages))).add_to(to);
        if !link_when.is_empty() {
            to.form("link_when", link_when);
        }
    }
}

impl Identify for PageDecode {
    fn add_to(&self, to: &mut Identity) {
        match self {
            PageDecode::Json => to.choice("json"),
            PageDecode::Ndjson { trailer } => to.form("ndjson", trailer),
            PageDecode::Csv(Csv { separator, columns, after, before }) => {
                to.form("csv", ((u64::from(*separator), columns), (after, before)))
            }
            PageDecode::JsonSeq => to.choice("json_seq"),
            PageDecode::Concatenated => to.choice("concatenated"),
            PageDecode::Lines => to.choice("lines"),
            PageDecode::Xml => to.choice("xml"),
        }
    }
}

impl Identify for Trailer {
    fn add_to(&self, to: &mut Identity) {
        let Trailer { has, missing } = self;
        has.add_to(to);
        to.choice(match missing {
            MissingTrailer::Incomplete => "incomplete",
            MissingTrailer::Last => "last",
        });
    }
}

impl Identify for Records {
    fn add_to(&self, to: &mut Identity) {
        match self {
            Records::Lists(paths) => to.form("lists", paths),
            Records::Values(path) => to.form("values", path),
            Records::One(path) => to.form("one", path),
            Records::Lines => to.choice("lines"),
        }
    }
}

//! The records that something larger was split into, each made when its turn comes.

use std::ops::Range;
use std::sync::Arc;
use std::vec;

use bytes::Bytes;
use mef_source::Path;
use serde_json::Value;

use crate::decode::apart::{Take, apart};
use crate::decode::charset::Charsets;
use crate::decode::error::DecodeError;
use crate::decode::json::{MOST_VALUES, decode_record};
use crate::decode::xml_apart::{XmlRead, XmlRecord, read_xml_records};
use crate::letter::Rejection;
use crate::numbering::{Numbering, RecordNumber};
use crate::split::{Record, remove};

/// What a value was split into.
#[derive(Debug)]
pub(crate) struct Parts {
    list: List,
    parent: Arc<Value>,
    parent_digest: Option<Arc<str>>,
    /// The id that the cursor found in the whole.
    cursor_id: Option<String>,
    next: usize,
}

#[derive(Debug)]
enum List {
    Values(vec::IntoIter<Value>),
    /// Texts, and where in the whole their list is.
    Texts {
        text: Bytes,
        spans: vec::IntoIter<Range<usize>>,
        place: String,
        charsets: Charsets,
    },
    /// Elements of XML, and where in the whole they are.
    Elements {
        records: vec::IntoIter<XmlRecord>,
        place: String,
    },
}

impl Parts {
    pub(crate) fn values(
        list: Vec<Value>,
        parent: Arc<Value>,
        parent_digest: Option<Arc<str>>,
        cursor_id: Option<String>,
    ) -> Parts {
        Parts { list: List::Values(list.into_iter()), parent, parent_digest, cursor_id, next: 0 }
    }

    /// Returns the elements of the list at `path` in the JSON `text`; `None` if they are to be found in
    /// its value, or why they are not.
    pub(crate) fn texts(
        text: &Bytes,
        path: &Path,
        charsets: Charsets,
    ) -> Result<Option<Parts>, DecodeError> {
        let Some((mut rest, spans)) = apart(text, &[path], Take::Elements, MOST_VALUES)? else {
            return Ok(None);
        };
        remove(&mut rest, path.segments());
        let list = List::Texts {
            text: text.clone(),
            spans: spans.into_iter(),
            place: path.pointer(),
            charsets,
        };
        let parent = Arc::new(rest);
        Ok(Some(Parts { list, parent, parent_digest: None, cursor_id: None, next: 0 }))
    }

    /// Returns the elements at `path` in XML that cannot be read as a whole.
    pub(crate) fn elements(
        text: &Bytes,
        path: &Path,
        charsets: Charsets,
    ) -> Result<Parts, DecodeError> {
        let (mut rest, records) =
            match read_xml_records(text, &[path], Take::Elements, charsets, MOST_VALUES)? {
                XmlRead::Whole { value, .. } => (value, Vec::new()),
                XmlRead::Apart { rest, records, .. } => (rest, records),
            };
        remove(&mut rest, path.segments());
        let list = List::Elements { records: records.into_iter(), place: path.pointer() };
        let parent = Arc::new(rest);
        Ok(Parts { list, parent, parent_digest: None, cursor_id: None, next: 0 })
    }

    /// Returns the next record.
    pub(crate) fn next(&mut self, numbering: &mut Numbering) -> Option<Result<Record, Rejection>> {
        let number = self.next;
        let unreadable = |raw: &[u8], error: &DecodeError, list: &str| {
            let place = format!("{list}/{number}");
            Rejection::unreadable(raw, error, place, RecordNumber::default())
        };
        let read = match &mut self.list {
            List::Values(values) => Ok(values.next()?),
            List::Elements { records, place } => {
                let XmlRecord { text, read } = records.next()?;
                read.map_err(|error| unreadable(&text, &error, place))
            }
            List::Texts { text, spans, place, charsets } => {
                let span = spans.next()?;
                let bytes = text.get(span).map(|part| text.slice_ref(part)).unwrap_or_default();
                decode_record(&charsets.record(&bytes))
                    .map_err(|error| unreadable(&bytes, &error, place))
            }
        };
        let number = numbering.next();
        // All parts share the whole's id, so their positions tell them apart.
        let cursor_id = self.cursor_id.as_ref().map(|id| format!("{id}#{}", self.next));
        self.next += 1;
        Some(match read {
            Ok(value) => Ok(Record {
                value,
                text: None,
                parent: Some(Arc::clone(&self.parent)),
                parent_digest: self.parent_digest.clone(),
                number,
                cursor_id,
            }),
            Err(rejection) => Err(Rejection {
                parent: Some(Value::clone(&self.parent)),
                number,
                cursor_id,
                ..rejection
            }),
        })
    }
}

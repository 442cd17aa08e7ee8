//! Items for which no request can be made, such as one without a name or with one of `..`.

use bytes::Bytes;
use mef_pipeline::DecodeError;
use serde_json::Value;

use crate::page::record::Unreadable;
use crate::request::render::RequestError;

/// What cannot be asked for, until it is known whether anything else can.
#[derive(Default)]
pub(crate) struct Unasked(Vec<(Value, RequestError)>);

impl Unasked {
    pub(crate) fn push(&mut self, item: Value, error: RequestError) {
        self.0.push((item, error));
    }

    /// Returns why the last of them cannot be asked for.
    pub(crate) fn error(&mut self) -> Option<RequestError> {
        self.0.pop().map(|(_, error)| error)
    }

    /// Returns them as records that cannot be read.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (Unreadable, Option<u64>)> {
        self.0.drain(..).map(|(item, error)| {
            let text = Bytes::from(item.to_string());
            (Unreadable { text, error: DecodeError::NoDetails(error.to_string()) }, None)
        })
    }
}

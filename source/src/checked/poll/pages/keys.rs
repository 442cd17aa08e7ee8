//! The keys that describe pages, in all the parts of a file that have them.

use crate::written::{self, Charset, Compression, Located, MissingRecords, StopRule};

/// The keys that describe pages.
pub(crate) struct WrittenPages<'w> {
    pub(crate) request: &'w Located<written::Request>,
    pub(crate) then: Option<&'w Located<written::Then>>,
    pub(crate) next: Option<&'w Located<written::Next>>,
    pub(crate) stop: &'w [Located<StopRule>],
    pub(crate) decode: Option<&'w Located<written::PageDecode>>,
    pub(crate) compression: Compression,
    pub(crate) charset: Option<Charset>,
    pub(crate) records: Option<&'w Located<written::Records>>,
    pub(crate) missing_records: MissingRecords,
    pub(crate) record: Option<&'w Located<String>>,
}

macro_rules! pages_of {
    ($written:expr) => {
        $crate::checked::poll::pages::keys::WrittenPages {
            request: &$written.request,
            then: $written.then.as_ref(),
            next: $written.next.as_ref(),
            stop: $written.stop.as_deref().unwrap_or_default(),
            decode: $written.decode.as_ref(),
            compression: $written.compression,
            charset: $written.charset,
            records: $written.records.as_ref(),
            missing_records: $written.missing_records,
            record: $written.record.as_ref(),
        }
    };
}
pub(crate) use pages_of;

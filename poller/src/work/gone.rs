//! Items that the vendor lists and has no more.

use http::StatusCode;
use jiff::Timestamp;
use mef_source::Root;
use mef_source::checked::{Detail, TimeReader};
use serde_json::Value;

use crate::ask::fetch_error::FetchError;
use crate::ask::refusal::Refusal;
use crate::news::record_time::record_time;

/// Returns whether the time of `item` is over, so that it need not be asked for.
pub(crate) fn has_expired(detail: &Detail, item: &Value, now: Timestamp) -> bool {
    let expires = detail.expires.as_ref().and_then(|path| path.find(item));
    let expires = expires.and_then(|value| record_time(value, &TimeReader::default()));
    expires.is_some_and(|expires| expires <= now)
}

/// Returns the error that a refusal of details means, if it does not mean that the item is gone. If
/// a part of a job is gone, so is the job.
pub(crate) fn refused(detail: &Detail, refusal: Refusal) -> Result<(), FetchError> {
    let is_gone = matches!(refusal.status, StatusCode::NOT_FOUND | StatusCode::GONE);
    match is_gone {
        true if detail.pages.request.reads(Root::Setup) => Err(FetchError::JobGone(refusal)),
        // One missing item says nothing of the others.
        true if detail.batch.is_some() => Err(FetchError::Detail(refusal)),
        true => Ok(()),
        false => Err(FetchError::Detail(refusal)),
    }
}

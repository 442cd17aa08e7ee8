//! What every check is given to judge a request by.

use jiff::Timestamp;
use mef_source::checked::Webhook;
use url::Url;

use crate::request::Request;
use crate::verify::keys::live_secrets::LiveSecrets;

/// What a check is given to judge a request by.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) webhook: &'c Webhook,
    pub(crate) request: &'c Request,
    pub(crate) secrets: &'c LiveSecrets,
    pub(crate) now: Timestamp,
}

impl<'c> Context<'c> {
    /// The URL that the vendor was given, if the source file says it.
    pub(crate) fn public_url(&self) -> Option<&'c str> {
        self.webhook.public_url.as_ref().map(Url::as_str)
    }
}

//! What credentials are made with.

use std::sync::Arc;

use mef_ports::{Clock, Http, Secrets, Tokens};

use crate::redact::Redactor;

/// What credentials are made with.
pub(super) struct Ports {
    pub(super) http: Arc<dyn Http>,
    pub(super) tokens: Arc<dyn Tokens>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) redactor: Redactor,
}

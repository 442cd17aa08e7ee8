//! Ending what a vendor keeps for us: a job, a scroll, a session.
//!
//! Nothing depends on it, since the vendor would end it by itself sometime. So it is asked once, after
//! everything is delivered, and a failure is only told.

use mef_ports::ResumeAt;
use mef_source::Root;
use mef_source::checked::Request;

use crate::ask::fetch::Fetcher;
use crate::ask::fetch_error::FetchError;
use crate::request::build::build_one;
use crate::request::scope::RequestScope;
use crate::request::urls::page_value;
use crate::work::context::Run;

/// Ends what `setup` or the first page began. `token` is the last one that a page named.
pub(crate) async fn end_job(run: &Run<'_>, token: Option<&ResumeAt>) {
    let poll = &run.poller.poll;
    let Some(request) = &poll.finish else { return };
    // What it would end was never begun, or it could end something else.
    let lacks_setup = request.reads(Root::Setup) && run.record.setup.is_none();
    if lacks_setup || request.reads(Root::Page) && token.is_none() || !run.has_time() {
        return;
    }
    tell(&run.fetcher, request, &run.scope(), token).await;
}

/// Sends a request whose response nothing depends on.
pub(crate) async fn tell(
    fetcher: &Fetcher<'_>,
    request: &Request,
    scope: &RequestScope<'_>,
    token: Option<&ResumeAt>,
) {
    let token = token.and_then(|token| page_value(&fetcher.poll.pages, Some(token)));
    let told = match build_one(fetcher.poll, request, scope, token.as_ref()) {
        Ok(request) => fetcher.tell(request).await,
        Err(error) => Err(FetchError::Request(error)),
    };
    if let Err(error) = told {
        let error = mef_ports::chain(&error);
        tracing::warn!(
            source.id = %fetcher.source.name,
            error = %fetcher.credentials.redactor().mask(&error),
            "what was begun at the vendor could not be ended: it ends by itself"
        );
    }
}

//! The `Http` port of one source: it reaches the origins that the source file
//! allows, and nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use mef_ports::{Http, HttpError, HttpRequest, HttpResponse};
use mef_source::checked::{Origin, Poll};

use crate::addresses::{Reach, check_literal, forbidden};
use crate::clients::HttpClients;

impl HttpClients {
    /// Returns an `Http` that reaches only what `poll` allows.
    pub fn for_source(&self, poll: &Poll) -> Arc<dyn Http> {
        Arc::new(SourceHttp { clients: self.clone(), origins: Origins::of(poll) })
    }
}

/// Checks whether a source with this `poll` may send `request`, for a caller
/// that does not send it.
///
/// # Errors
///
/// [`HttpError::Forbidden`], with the rule that forbids it.
pub fn may_reach(poll: &Poll, request: &HttpRequest) -> Result<(), HttpError> {
    Origins::of(poll).reach(request).map(drop)
}

/// The origins that a source file allows.
struct Origins {
    /// Those written as the source's own.
    own: Vec<Origin>,
    /// Those that a page may lead to.
    allowed: Vec<Origin>,
}

impl Origins {
    fn of(poll: &Poll) -> Origins {
        let mut own = poll.own_origins.clone();
        own.extend(poll.auth.token_origin().cloned());
        Origins { own, allowed: poll.allow_origins.clone() }
    }

    /// Returns how far `request` may reach.
    fn reach(&self, request: &HttpRequest) -> Result<Reach, HttpError> {
        let forbidden = |reason| forbidden(request, reason);
        let origin = Origin::of(&request.url).ok_or_else(|| forbidden("it is not HTTP"))?;
        let reach = if self.own.contains(&origin) {
            if origin.is_loopback() { Reach::Loopback } else { Reach::Written }
        } else if self.allowed.contains(&origin) {
            if origin.is_loopback() && self.own.iter().all(Origin::is_loopback) {
                Reach::Loopback
            } else {
                Reach::Public
            }
        } else {
            return Err(forbidden(
                "it is none of the source's own origins: list it under `own_origins` if it is the vendor's \
                 and the credential may go there, or under `allow_origins`",
            ));
        };
        check_literal(reach, &origin, request)?;
        Ok(reach)
    }
}

struct SourceHttp {
    clients: HttpClients,
    origins: Origins,
}

#[async_trait]
impl Http for SourceHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.clients.send(self.origins.reach(&request)?, request).await
    }
}

//! The address that the request comes from.
//!
//! Only the connection or the gateway knows it. A header such as
//! `X-Forwarded-For` is written by whoever sends the request.

use mef_source::checked::Ip;

use super::single_check::{SingleCheck, SoFar};
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::request_part::RequestPart;
use crate::verify::told::{explanation::Noticed, notes::Notes};

impl SingleCheck for Ip {
    fn check(&self, context: Context<'_>, _: &mut Notes) -> Result<Option<String>, Denied> {
        let peer = context.request.peer().ok_or(Denied::NoPeer)?;
        match self.allow.iter().any(|network| network.contains(peer)) {
            true => Ok(None),
            false => Err(Denied::PeerNotAllowed(peer)),
        }
    }

    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        let peer = context.request.peer();
        let found = peer.map_or("not known".to_owned(), |peer| peer.to_string());
        vec![Noticed { what: "address", part: RequestPart::Peer, found }]
    }

    fn check_head(&self, context: Context<'_>) -> Result<SoFar, Denied> {
        // The authorizer may not know the address; the handler may.
        if context.request.peer().is_none() {
            return Ok(SoFar::Open);
        }
        self.check(context, &mut Notes::default()).map(|_| SoFar::Passed)
    }
}

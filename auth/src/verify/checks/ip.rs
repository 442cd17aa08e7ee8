//! The address that a request comes from.
//!
//! Only the connection or the gateway knows it. A header such as
//! `X-Forwarded-For` is written by whoever sends the request.

use mef_source::checked::Ip;

use crate::Request;
use crate::verify::told::denied::Denied;

/// Checks that the request comes from one of the networks.
pub(crate) fn check(ip: &Ip, request: &Request) -> Result<(), Denied> {
    let peer = request.peer().ok_or(Denied::NoPeer)?;
    match ip.allow.iter().any(|network| network.contains(peer)) {
        true => Ok(()),
        false => Err(Denied::PeerNotAllowed { peer }),
    }
}

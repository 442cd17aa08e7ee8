//! The keys that checks are made with: from secrets, and from what vendors
//! publish.

pub(super) mod certificate;
pub(super) mod jwk;
pub(super) mod live_secrets;
pub(super) mod published;
pub(super) mod signer;

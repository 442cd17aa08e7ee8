//! The keys that checks are made with: from secrets, and from what vendors publish.

pub(crate) mod certificate;
pub(crate) mod jwk;
pub(crate) mod live_secrets;
pub(crate) mod published;

//! The public key of a certificate, and the time in which it is valid.
//!
//! Its issuer is not checked. The certificate is trusted because of where it was
//! fetched: over TLS, from a host that is pinned, as SNS asks its receivers to do.

use jiff::Timestamp;
use x509_cert::der::{Decode as _, Encode as _};

/// The parts of a certificate that verify signatures.
pub(crate) struct Certificate {
    not_before: Timestamp,
    not_after: Timestamp,
    /// Its SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) as DER.
    public_key: Vec<u8>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a certificate from {} to {}", self.not_before, self.not_after)
    }
}

impl Certificate {
    /// Reads the first certificate of a PEM file.
    pub(crate) fn parse(pem: &[u8]) -> Option<Certificate> {
        let blocks = pem::parse_many(pem).ok()?;
        let block = blocks.first().filter(|block| block.tag() == "CERTIFICATE")?;
        let certificate = x509_cert::Certificate::from_der(block.contents()).ok()?;
        let signed = certificate.tbs_certificate();
        let moment = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        Some(Certificate {
            not_before: moment(signed.validity().not_before)?,
            not_after: moment(signed.validity().not_after)?,
            public_key: signed.subject_public_key_info().to_der().ok()?,
        })
    }

    /// Returns its public key, if it is valid at `now`, both ends included.
    pub(crate) fn public_key(&self, now: Timestamp) -> Option<&[u8]> {
        let is_valid = self.not_before <= now && now.as_second() <= self.not_after.as_second();
        is_valid.then_some(self.public_key.as_slice())
    }
}

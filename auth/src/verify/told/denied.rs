//! Why a request is not authentic.
//!
//! The sender is told nothing of this: a reason would tell an attacker what to
//! try next. It is for logs and for `mef explain`, and so says what and where,
//! but never a value that was received or a secret.

use std::net::IpAddr;

use mef_source::checked::{Encoding, KeyEncoding, PublicKeyAlgorithm, TimeUnit};

use super::words::{
    encoding_name, key_encoding_name, key_source, listed, public_key_name, under, unit_name,
};
use crate::verify::read::request_part::Place;

/// Why a request is not authentic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The source lists no check.
    #[error("the source has no check that the request could pass")]
    NoCheck,
    /// Nothing is there.
    #[error("the {place} is missing")]
    Missing {
        /// Where.
        place: Place,
    },
    /// Twice there, and which one counts would be a guess.
    #[error("the {place} was sent more than once")]
    Duplicated {
        /// Where.
        place: Place,
    },
    /// Bytes that are no text.
    #[error("the {place} is not UTF-8 text")]
    NotText {
        /// Where.
        place: Place,
    },
    /// The body cannot be searched.
    #[error("the body is not JSON, so the {place} cannot be read")]
    BodyNotJson {
        /// What was looked for.
        place: Place,
    },
    /// A list or object, or no string where there must be one.
    #[error("the {place} has the wrong type")]
    WrongType {
        /// Where.
        place: Place,
    },
    /// Longer than any vendor's list.
    #[error("the {place} lists more than {limit} signatures")]
    TooManySignatures {
        /// Where.
        place: Place,
        /// The most that are tried.
        limit: usize,
    },
    /// A signature header without a signature that counts.
    #[error("the {place} holds no signature{}", under(keys))]
    NoCandidate {
        /// Where.
        place: Place,
        /// The keys whose values count.
        keys: Vec<String>,
    },
    /// Nothing in it can be decoded.
    #[error("no signature in the {place} is {}", encoding_name(*encoding))]
    MalformedSignature {
        /// Where.
        place: Place,
        /// How it should be written.
        encoding: Encoding,
    },
    /// Signed by somebody else, or changed on the way.
    #[error(
        "no signature in the {place} was made over this request with {}: check that the secret is the vendor's",
        listed(secrets)
    )]
    SignatureMismatch {
        /// Where.
        place: Place,
        /// The secrets that were tried.
        secrets: Vec<String>,
    },
    /// No scheme, or another one.
    #[error("the {place} does not begin with `{prefix}`")]
    TokenPrefix {
        /// Where.
        place: Place,
        /// What it should begin with.
        prefix: String,
    },
    /// Another token.
    #[error("the {place} is not {}: check that the secret is the vendor's", listed(secrets))]
    TokenMismatch {
        /// Where.
        place: Place,
        /// The secrets that were compared.
        secrets: Vec<String>,
    },
    /// Not a time, or written in another way.
    #[error("the timestamp, the {place}, is not {}", unit_name(*unit))]
    TimestampMalformed {
        /// Where.
        place: Place,
        /// How it should be written.
        unit: TimeUnit,
    },
    /// Two times that differ.
    #[error("the timestamp, the {place}, is there twice with different values")]
    TimestampContradictory {
        /// Where.
        place: Place,
    },
    /// A replay, or a clock that is behind.
    #[error(
        "the timestamp, the {place}, is more than {max_seconds} s old: a replay, or a wrong clock"
    )]
    TimestampTooOld {
        /// Where.
        place: Place,
        /// The oldest taken, in seconds before now.
        max_seconds: u64,
    },
    /// A clock that is ahead.
    #[error("the timestamp, the {place}, is more than {max_seconds} s ahead: check the clock here")]
    TimestampInFuture {
        /// Where.
        place: Place,
        /// The newest taken, in seconds after now.
        max_seconds: u64,
    },
    /// `{timestamp}` is signed, and the source does not say where it is.
    #[error("the source signs a timestamp but does not say where it is")]
    NoTimestamp,
    /// An id that could be cut in two ways.
    #[error(
        "the message id, the {place}, holds what separates it from the rest of the signed text"
    )]
    AmbiguousId {
        /// Where.
        place: Place,
    },
    /// Not what a handshake takes there.
    #[error("the {place} is not what the handshake's `constrain` allows")]
    Unconstrained {
        /// Where.
        place: Place,
    },
    /// More than a handshake gives back.
    #[error("the {place} is longer than the {limit} bytes that a handshake gives back")]
    TooLong {
        /// Where.
        place: Place,
        /// The most bytes.
        limit: usize,
    },
    /// A line break, which would end a header.
    #[error("the {place} holds what no header may hold")]
    NotForHeader {
        /// Where.
        place: Place,
    },
    /// A secret is brought to a source that has one, or too late.
    #[error("no secret is taken for `{name}`: {reason}")]
    NotEnrolled {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// `{url}` is signed, and the source does not say what it is.
    #[error("the source signs `{{url}}` but has no `public_url`")]
    NoPublicUrl,
    /// Every secret of the check is past its `not_after`.
    #[error("no secret of the check is live: {} retired", listed(secrets))]
    NoLiveSecret {
        /// The secrets.
        secrets: Vec<String>,
    },
    /// A secret that the caller did not bring.
    #[error("the secret `{name}` is not there")]
    SecretMissing {
        /// Its name.
        name: String,
    },
    /// A secret that anybody knows.
    #[error("the secret `{name}` is empty, or nothing is left of it without its prefix")]
    SecretEmpty {
        /// Its name.
        name: String,
    },
    /// A secret that does not become a key.
    #[error("the secret `{name}` is not {}: store it as the vendor shows it", key_encoding_name(*encoding))]
    KeyMalformed {
        /// Its name.
        name: String,
        /// How it should be written.
        encoding: KeyEncoding,
    },
    /// A secret that holds no public key, or one of another kind.
    #[error("the secret `{name}` is not {}: store it as the vendor shows it", public_key_name(*algorithm))]
    PublicKeyMalformed {
        /// Its name.
        name: String,
        /// What it should be a key of.
        algorithm: PublicKeyAlgorithm,
    },
    /// No name and password.
    #[error("the {place} is not a user and password in base64 (RFC 7617)")]
    BasicMalformed {
        /// Where.
        place: Place,
    },
    /// The caller of this was not told the address.
    #[error("the address that the request comes from is not known")]
    NoPeer,
    /// Another address.
    #[error("the address {peer} is not in `allow`: check the vendor's list for new ones")]
    PeerNotAllowed {
        /// The address, as the connection or the gateway says.
        peer: IpAddr,
    },
    /// No bytes in that encoding.
    #[error("the digest, the {place}, is not {}", encoding_name(*encoding))]
    DigestMalformed {
        /// Where.
        place: Place,
        /// How it should be written.
        encoding: Encoding,
    },
    /// The digest of something else.
    #[error("the digest, the {place}, is not that of this request")]
    DigestMismatch {
        /// Where.
        place: Place,
    },
    /// A header that must be signed and is not.
    #[error("the {place} is not among the signed headers that the {list} lists")]
    HeaderNotSigned {
        /// The header.
        place: Place,
        /// Where the list is.
        list: Place,
    },
    /// Not a signed token, or not one with a single reading.
    #[error("the {place} is not a token that can be read: {reason}")]
    JwtMalformed {
        /// Where.
        place: Place,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Signed in another way than the vendor does, or not at all.
    #[error("the {place} is not signed with {}", listed(algorithms))]
    JwtAlgorithm {
        /// Where.
        place: Place,
        /// The algorithms that are taken.
        algorithms: Vec<&'static str>,
    },
    /// A claim that is missing, outdated, or for somebody else.
    #[error("the claim `{claim}` of the {place} {reason}")]
    JwtClaim {
        /// Where.
        place: Place,
        /// The claim.
        claim: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No key of that name, or none of that kind.
    #[error("the {place} names a key that {} not have", key_source(secrets, "do", "does"))]
    JwtNoKey {
        /// Where.
        place: Place,
        /// The secrets that were looked into; none where keys are published.
        secrets: Vec<String>,
    },
    /// Signed by somebody else, or changed on the way.
    #[error("the {place} was not signed with a key that {}", key_source(secrets, "have", "has"))]
    JwtSignature {
        /// Where.
        place: Place,
        /// The secrets that were tried; none where keys are published.
        secrets: Vec<String>,
    },
    /// A secret that does not become a key.
    #[error("the secret `{name}` is not {what}: store it as the vendor shows it")]
    JwtKeyMalformed {
        /// Its name.
        name: String,
        /// What it should be.
        what: &'static str,
    },
    /// Published keys that the caller did not bring.
    #[error("the keys that `{host}` publishes are not there")]
    KeysMissing {
        /// The host that publishes them.
        host: String,
    },
    /// Not a message of SNS. Raw delivery, too: it is not signed.
    #[error(
        "the body is not a JSON object in which each key is there once, as SNS sends it without raw message delivery"
    )]
    SnsMalformed,
    /// A type that nobody knows how to sign.
    #[error("the `/Type` of the body is none of SNS")]
    SnsType,
    /// A message of somebody else's topic.
    #[error("the `/TopicArn` of the body is not listed under `topics`")]
    SnsTopic,
    /// A way of signing that is not known.
    #[error("the `/SignatureVersion` of the body is neither `1` nor `2`")]
    SnsVersion,
    /// A certificate that anybody could have put there.
    #[error("the `/SigningCertURL` of the body is no certificate on a host of SNS")]
    SnsCertificateUrl,
    /// A certificate that counts no more, or not yet.
    #[error("the certificate at `/SigningCertURL` of the body is not valid at this time")]
    SnsCertificateTime,
    /// Signed by somebody else, or changed on the way.
    #[error("the `/Signature` of the body was not made over it with the certificate's key")]
    SnsSignature,
    /// None of several alternatives.
    #[error("none of {} alternatives passed: {}", reasons.len(), numbered(reasons))]
    Alternatives {
        /// Why each of them did not, in order.
        reasons: Vec<Denied>,
    },
}

/// The most reasons that are told of alternatives.
const MAX_REASONS: usize = 8;

impl Denied {
    /// Whether another value of a secret could have let the request through,
    /// so that a value kept from earlier is worth reading again.
    pub fn depends_on_secret(&self) -> bool {
        match self {
            Denied::SignatureMismatch { .. }
            | Denied::TokenMismatch { .. }
            | Denied::KeyMalformed { .. }
            | Denied::PublicKeyMalformed { .. }
            | Denied::JwtKeyMalformed { .. } => true,
            Denied::JwtNoKey { secrets, .. } | Denied::JwtSignature { secrets, .. } => {
                !secrets.is_empty()
            }
            Denied::Alternatives { reasons } => reasons.iter().any(Denied::depends_on_secret),
            _ => false,
        }
    }

    /// Whether it fails for keys that the vendor publishes and the caller could
    /// not have: no answer to whether the request is authentic.
    pub fn lacks_keys(&self) -> bool {
        match self {
            Denied::KeysMissing { .. } => true,
            Denied::Alternatives { reasons } => reasons.iter().any(Denied::lacks_keys),
            _ => false,
        }
    }

    /// Whether newer keys of the vendor could have let the request through, so
    /// that keys kept from earlier are worth fetching again.
    pub fn depends_on_keys(&self) -> bool {
        match self {
            Denied::JwtNoKey { secrets, .. } | Denied::JwtSignature { secrets, .. } => {
                secrets.is_empty()
            }
            Denied::Alternatives { reasons } => reasons.iter().any(Denied::depends_on_keys),
            _ => false,
        }
    }

    /// Whether it is the source or its secrets that are wrong, not the request.
    /// One such alternative might have let the request through.
    pub fn is_misconfigured(&self) -> bool {
        match self {
            Denied::NoTimestamp
            | Denied::NoPublicUrl
            | Denied::NoLiveSecret { .. }
            | Denied::SecretMissing { .. }
            | Denied::SecretEmpty { .. }
            | Denied::KeyMalformed { .. }
            | Denied::PublicKeyMalformed { .. }
            | Denied::JwtKeyMalformed { .. } => true,
            Denied::Alternatives { reasons } => reasons.iter().any(Denied::is_misconfigured),
            _ => false,
        }
    }
}

fn numbered(reasons: &[Denied]) -> String {
    let mut told: Vec<_> =
        reasons.iter().zip(1..).take(MAX_REASONS).map(|(why, n)| format!("({n}) {why}")).collect();
    if reasons.len() > MAX_REASONS {
        told.push("…".to_owned());
    }
    told.join("; ")
}

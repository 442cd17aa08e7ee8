//! Why a request is not authentic.
//!
//! The sender is told nothing of this: a reason would tell an attacker what to
//! try next. It is for logs and for `mef explain`. So it says what is wrong and
//! where, but never a value that was received, nor a secret.

use std::net::IpAddr;

use mef_source::checked::{Encoding, KeyEncoding, PublicKeyAlgorithm, TimeUnit};

use super::words::{
    encoding_name, key_encoding_name, key_source, listed, public_key_name, under, unit_name,
};
use crate::verify::request_part::RequestPart;

/// Why a request is not authentic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The source lists no check.
    #[error("the source has no check that the request could pass")]
    NoCheck,
    /// This part of the request is missing.
    #[error("the {0} is missing")]
    Missing(RequestPart),
    /// This part was sent twice, and which one counts would be a guess.
    #[error("the {0} was sent more than once")]
    Duplicated(RequestPart),
    /// This part is not text.
    #[error("the {0} is not UTF-8 text")]
    NotText(RequestPart),
    /// The body is not JSON, so this part of it cannot be read.
    #[error("the body is not JSON, so the {0} cannot be read")]
    BodyNotJson(RequestPart),
    /// The body is a form, so this path into JSON leads nowhere.
    #[error(
        "the body is a form, so the {0} cannot be read as JSON: a field is written `form.NAME`"
    )]
    BodyIsForm(RequestPart),
    /// The body is not a form, so this field of it cannot be read.
    #[error("the body is not a form by its content type, so the {0} cannot be read")]
    BodyNotForm(RequestPart),
    /// This value is a list or object, or is not a string where it must be one.
    #[error("the {0} has the wrong type")]
    WrongType(RequestPart),
    /// A list is longer than any vendor's.
    #[error("the {part} lists more than {limit} signatures or tokens")]
    TooManySignatures {
        /// Where.
        part: RequestPart,
        /// The most that are tried.
        limit: usize,
    },
    /// A form or query has more fields than any vendor's.
    #[error("the {part} has more than {limit} fields, which no vendor signs")]
    TooManyFields {
        /// Where.
        part: RequestPart,
        /// The most that are sorted.
        limit: usize,
    },
    /// A signature header holds no signature that counts.
    #[error("the {part} holds no signature{}", under(keys))]
    NoCandidate {
        /// Where.
        part: RequestPart,
        /// The keys whose values count.
        keys: Vec<String>,
    },
    /// No signature can be decoded.
    #[error("no signature in the {part} is {}", encoding_name(*encoding))]
    MalformedSignature {
        /// Where.
        part: RequestPart,
        /// How it should be written.
        encoding: Encoding,
    },
    /// The request was signed by somebody else, or changed on the way.
    #[error(
        "no signature in the {part} matches this request with {}: check the secret",
        listed(secrets)
    )]
    SignatureMismatch {
        /// Where.
        part: RequestPart,
        /// The secrets that were tried.
        secrets: Vec<String>,
    },
    /// The prefix of a token is missing, or another one.
    #[error("the {part} does not begin with `{prefix}`")]
    TokenPrefix {
        /// Where.
        part: RequestPart,
        /// What it should begin with.
        prefix: String,
    },
    /// It is another token.
    #[error("the {part} is not {}: check that the secret is the vendor's", listed(secrets))]
    TokenMismatch {
        /// Where.
        part: RequestPart,
        /// The secrets that were compared.
        secrets: Vec<String>,
    },
    /// It is not a time, or written in another way.
    #[error("the timestamp, the {part}, is not {}", unit_name(*unit))]
    TimestampMalformed {
        /// Where.
        part: RequestPart,
        /// How it should be written.
        unit: TimeUnit,
    },
    /// There are two times, and they differ.
    #[error("the timestamp, the {0}, is there twice with different values")]
    TimestampContradictory(RequestPart),
    /// The time is past: a replay, or a clock that is wrong.
    #[error(
        "the timestamp, the {part}, is more than {max_seconds} s old: a replay, or a wrong clock"
    )]
    TimestampTooOld {
        /// Where.
        part: RequestPart,
        /// The oldest taken, in seconds before now.
        max_seconds: u64,
    },
    /// The time is ahead: a clock is wrong.
    #[error("the timestamp, the {part}, is more than {max_seconds} s ahead: check the clock here")]
    TimestampInFuture {
        /// Where.
        part: RequestPart,
        /// The newest taken, in seconds after now.
        max_seconds: u64,
    },
    /// `{timestamp}` is signed, and the source does not say where it is.
    #[error("the source signs a timestamp but does not say where it is")]
    NoTimestamp,
    /// This id could be cut from the signed text in two ways.
    #[error("the message id, the {0}, holds what separates it from the rest of the signed text")]
    AmbiguousId(RequestPart),
    /// The text that is signed with this part could be that of another request.
    #[error(
        "the {0} could be cut from the signed text in another place: it holds what separates it from the rest"
    )]
    AmbiguousPart(RequestPart),
    /// This value of a handshake is not what the source allows.
    #[error("the {0} is not what the handshake's `constrain` allows")]
    Unconstrained(RequestPart),
    /// A value is more than a handshake gives back.
    #[error("the {part} is longer than the {limit} bytes that a handshake gives back")]
    TooLong {
        /// Where.
        part: RequestPart,
        /// The most bytes.
        limit: usize,
    },
    /// This value holds a line break, which would end a header.
    #[error("the {0} holds what no header may hold")]
    NotForHeader(RequestPart),
    /// A handshake brings a secret to a source that has one, or too late.
    #[error("no secret is taken for `{name}`: {reason}")]
    NotEnrolled {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// `{url}` is signed, and neither the source nor the deployment says what it is.
    #[error(
        "the source signs `{{url}}` but has no `public_url`, or nobody says what its `{{endpoint}}` is"
    )]
    NoPublicUrl,
    /// All these secrets, every one of the check, are past their `not_after`.
    #[error("no secret of the check is live: {} retired", listed(.0))]
    NoLiveSecret(Vec<String>),
    /// The caller did not bring the secret of this name.
    #[error("the secret `{0}` is not there")]
    SecretMissing(String),
    /// The secret of this name is empty, so anybody knows it.
    #[error("the secret `{0}` is empty, or nothing is left of it without its prefix")]
    SecretEmpty(String),
    /// A secret cannot be decoded as a key.
    #[error("the secret `{name}` is not {}: store it as the vendor shows it", key_encoding_name(*encoding))]
    KeyMalformed {
        /// Its name.
        name: String,
        /// How it should be written.
        encoding: KeyEncoding,
    },
    /// A secret holds no public key, or one of another kind.
    #[error("the secret `{name}` is not {}: store it as the vendor shows it", public_key_name(*algorithm))]
    PublicKeyMalformed {
        /// Its name.
        name: String,
        /// What it should be a key of.
        algorithm: PublicKeyAlgorithm,
    },
    /// This is not a name and password.
    #[error("the {0} is not a user and password in base64 (RFC 7617)")]
    BasicMalformed(RequestPart),
    /// The address of the sender is not known.
    #[error("the address that the request comes from is not known")]
    NoPeer,
    /// The request comes from this address, as the connection or the gateway says.
    #[error("the address {0} is not in `allow`: check the vendor's list for new ones")]
    PeerNotAllowed(IpAddr),
    /// The digest cannot be decoded.
    #[error("the digest, the {part}, is not {}", encoding_name(*encoding))]
    DigestMalformed {
        /// Where.
        part: RequestPart,
        /// How it should be written.
        encoding: Encoding,
    },
    /// This is the digest of something else.
    #[error("the digest, the {0}, is not that of this request")]
    DigestMismatch(RequestPart),
    /// A header must be signed and is not.
    #[error("the {part} is not among the signed headers that the {list} lists")]
    HeaderNotSigned {
        /// The header.
        part: RequestPart,
        /// Where the list is.
        list: RequestPart,
    },
    /// It is not a signed token, or it can be read in two ways.
    #[error("the {part} is not a token that can be read: {reason}")]
    JwtMalformed {
        /// Where.
        part: RequestPart,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token is not signed, or not as the vendor does it.
    #[error("the {part} is not signed with {}", listed(algorithms))]
    JwtAlgorithm {
        /// Where.
        part: RequestPart,
        /// The algorithms that are taken.
        algorithms: Vec<&'static str>,
    },
    /// A claim is missing, out of date, or for somebody else.
    #[error("the claim `{claim}` of the {part} {reason}")]
    JwtClaim {
        /// Where.
        part: RequestPart,
        /// The claim.
        claim: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no key of that name, or none of that kind.
    #[error("the {part} names a key that {} not have", key_source(secrets, "do", "does"))]
    JwtNoKey {
        /// Where.
        part: RequestPart,
        /// The secrets that were looked into; empty if the keys are published.
        secrets: Vec<String>,
    },
    /// The token was signed by somebody else, or changed on the way.
    #[error("the {part} was not signed with a key that {}", key_source(secrets, "have", "has"))]
    JwtSignature {
        /// Where.
        part: RequestPart,
        /// The secrets that were tried; empty if the keys are published.
        secrets: Vec<String>,
    },
    /// A secret cannot be read as a key.
    #[error("the secret `{name}` is not {what}: store it as the vendor shows it")]
    JwtKeyMalformed {
        /// Its name.
        name: String,
        /// What it should be.
        what: &'static str,
    },
    /// The caller did not bring the keys that this host publishes.
    #[error("the keys that `{0}` publishes are not there")]
    KeysMissing(String),
    /// It is not a message of SNS, or came by raw delivery, which is not signed.
    #[error(
        "the body is not a JSON object in which each key is there once, as SNS sends it without raw message delivery"
    )]
    SnsMalformed,
    /// The message has an unknown type.
    #[error("the `/Type` of the body is none of SNS")]
    SnsType,
    /// The message is of somebody else's topic.
    #[error("the `/TopicArn` of the body is not listed under `topics`")]
    SnsTopic,
    /// The version of the signature is not known.
    #[error("the `/SignatureVersion` of the body is neither `1` nor `2`")]
    SnsVersion,
    /// Anybody could have put a certificate at that URL.
    #[error("the `/SigningCertURL` of the body is no certificate on a host of SNS")]
    SnsCertificateUrl,
    /// The certificate is no longer valid, or not yet.
    #[error("the certificate at `/SigningCertURL` of the body is not valid at this time")]
    SnsCertificateTime,
    /// The message was signed by somebody else, or changed on the way.
    #[error("the `/Signature` of the body was not made over it with the certificate's key")]
    SnsSignature,
    /// None of several alternatives passed; the reason of each, in order.
    #[error("none of {} alternatives passed: {}", .0.len(), numbered(.0))]
    Alternatives(Vec<Denied>),
}

/// How many reasons are shown of alternatives.
const MAX_REASONS: usize = 8;

impl Denied {
    /// Returns whether another value of a secret could have let the request
    /// through, so that cached secrets are worth reading again.
    pub fn depends_on_secret(&self) -> bool {
        self.any(|denied| match denied {
            Denied::SignatureMismatch { .. }
            | Denied::TokenMismatch { .. }
            | Denied::KeyMalformed { .. }
            | Denied::PublicKeyMalformed { .. }
            | Denied::JwtKeyMalformed { .. } => true,
            Denied::JwtNoKey { secrets, .. } | Denied::JwtSignature { secrets, .. } => {
                !secrets.is_empty()
            }
            _ => false,
        })
    }

    /// Returns whether it fails because the caller could not get keys that the
    /// vendor publishes. Then nobody knows whether the request is authentic.
    pub fn lacks_keys(&self) -> bool {
        self.any(|denied| matches!(denied, Denied::KeysMissing(_)))
    }

    /// Returns whether newer keys of the vendor could have let the request through,
    /// so that cached keys are worth fetching again.
    pub fn depends_on_keys(&self) -> bool {
        self.any(|denied| {
            matches!(denied, Denied::JwtNoKey { secrets, .. } | Denied::JwtSignature { secrets, .. }
                if secrets.is_empty())
        })
    }

    /// Returns whether the source or its secrets are wrong, not the request. Of
    /// alternatives one such is enough: it might have let the request through.
    pub fn is_misconfigured(&self) -> bool {
        self.any(|denied| {
            matches!(
                denied,
                Denied::NoTimestamp
                    | Denied::NoPublicUrl
                    | Denied::NoLiveSecret(_)
                    | Denied::SecretMissing(_)
                    | Denied::SecretEmpty(_)
                    | Denied::KeyMalformed { .. }
                    | Denied::PublicKeyMalformed { .. }
                    | Denied::JwtKeyMalformed { .. }
            )
        })
    }

    /// Returns the code that RFC 8935 §2.4 has for it, for senders of security event tokens. Of alternatives
    /// it is that of the first.
    pub fn set_error(&self) -> &'static str {
        match self {
            Denied::JwtNoKey { .. } | Denied::JwtSignature { .. } | Denied::JwtAlgorithm { .. } => {
                "invalid_key"
            }
            Denied::JwtClaim { claim, .. } if claim == "iss" => "invalid_issuer",
            Denied::JwtClaim { claim, .. } if claim == "aud" => "invalid_audience",
            Denied::JwtMalformed { .. }
            | Denied::JwtClaim { .. }
            | Denied::BodyNotJson(_)
            | Denied::BodyIsForm(_)
            | Denied::BodyNotForm(_)
            | Denied::WrongType(_)
            | Denied::NotText(_)
            | Denied::Missing(RequestPart::Json(_) | RequestPart::Form(_)) => "invalid_request",
            Denied::Alternatives(reasons) => {
                reasons.first().map_or("authentication_failed", Denied::set_error)
            }
            _ => "authentication_failed",
        }
    }

    /// Returns whether `is` holds for it, or for one of its alternatives.
    fn any(&self, is: fn(&Denied) -> bool) -> bool {
        match self {
            Denied::Alternatives(reasons) => reasons.iter().any(|reason| reason.any(is)),
            denied => is(denied),
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

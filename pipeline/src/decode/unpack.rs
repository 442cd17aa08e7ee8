//! Decompression of a body.
//!
//! The first bytes say whether a body is compressed: no text begins as gzip does. The header
//! `Content-Encoding` says so less well. Some senders write `utf-8` there, some proxies decompress a body
//! and leave the header. It counts only if it names a compression that cannot be undone here. So a body is
//! judged alike when it comes and when it is redriven.

use bytes::Bytes;

use super::error::DecodeError;
use super::gunzip::gunzip;

/// The largest size that a webhook's body may decompress to, in bytes.
pub const MAX_DECODED: usize = 64 * 1024 * 1024;

/// The first bytes of gzip (RFC 1952 §2.3.1).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// How often a body may be compressed: its sender compresses a file, and its HTTP client the body.
const MOST_LAYERS: usize = 2;

/// Compressions that HTTP knows and that are not undone here
/// (<https://www.iana.org/assignments/http-parameters>).
const UNKNOWN: [&str; 7] = ["br", "zstd", "deflate", "compress", "x-compress", "dcb", "dcz"];

/// Returns whether `body` is compressed, as its first bytes say.
pub fn is_packed(body: &[u8]) -> bool {
    body.starts_with(GZIP_MAGIC)
}

/// Decompresses `body` as far as it is compressed.
pub(super) fn unpack(body: &Bytes, content_encoding: Option<&str>) -> Result<Bytes, DecodeError> {
    let mut plain = body.clone();
    for _ in 0..MOST_LAYERS {
        if !is_packed(&plain) {
            break;
        }
        plain = gunzip(&plain, MAX_DECODED).map(Bytes::from)?;
    }
    let named = content_encoding.unwrap_or_default().split(',').map(str::trim);
    let unknown = named.map(str::to_ascii_lowercase).find(|name| UNKNOWN.contains(&name.as_str()));
    match unknown {
        Some(name) => Err(DecodeError::Encoding(name)),
        None => Ok(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::super::gunzip::tests::gzip;
    use super::*;

    #[test]
    fn the_first_bytes_say_what_is_compressed_whatever_the_header_says() {
        for named in
            [None, Some("gzip"), Some("GZIP"), Some("utf-8"), Some("aws-chunked, gzip"), Some("")]
        {
            for body in [b"{}".to_vec(), gzip(b"{}"), gzip(&gzip(b"{}"))] {
                assert_eq!(
                    unpack(&Bytes::from(body), named),
                    Ok(Bytes::from_static(b"{}")),
                    "{named:?}"
                );
            }
        }
    }

    #[test]
    fn a_compression_that_cannot_be_undone_is_named_and_not_guessed_at() {
        for named in ["br", "gzip, Br", "zstd"] {
            let error = unpack(&Bytes::from_static(b"{}"), Some(named)).unwrap_err();
            assert!(matches!(error, DecodeError::Encoding(_)), "{error}");
        }
    }
}

//! Decompression that cannot be made to fill the memory.
#![expect(
    clippy::disallowed_types,
    reason = "the one place that decompresses, with a bound on the output"
)]

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::error::DecodeError;

/// Decompresses gzip (RFC 1952) of one or more members into at most `max` bytes.
///
/// # Errors
///
/// Fails if the data is not gzip, is cut off, or decompresses to more than `max`
/// bytes. Memory never holds more than that.
pub(super) fn gunzip(bytes: &[u8], max: usize) -> Result<Vec<u8>, DecodeError> {
    let mut plain = Vec::new();
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes)
        .take(bound)
        .read_to_end(&mut plain)
        .map_err(|error| DecodeError::Gzip(error.to_string()))?;
    if plain.len() > max {
        return Err(DecodeError::TooLarge(max));
    }
    Ok(plain)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    pub(in crate::decode) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_refused_at_the_bound() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        assert_eq!(gunzip(&bomb, 1_000_000), Err(DecodeError::TooLarge(1_000_000)));
        assert_eq!(gunzip(&bomb, 10_000_000).unwrap().len(), 10_000_000);
    }

    #[test]
    fn members_are_joined_and_a_cut_is_noticed() {
        let joined = [gzip(b"ab"), gzip(b"cd")].concat();
        assert_eq!(gunzip(&joined, 10), Ok(b"abcd".to_vec()));
        let cut = gzip(b"a longer text that is cut off");
        assert!(matches!(gunzip(&cut[..cut.len() - 9], 100), Err(DecodeError::Gzip(_))));
        assert!(matches!(gunzip(b"plain", 100), Err(DecodeError::Gzip(_))));
    }
}

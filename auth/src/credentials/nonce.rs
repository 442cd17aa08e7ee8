//! Values that are used once.

use aws_lc_rs::rand;

use super::error::CredentialError;

/// Makes a value that is used once: a version 4 UUID (RFC 9562 §5.4).
pub(super) fn nonce() -> Result<String, CredentialError> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes).map_err(|_| CredentialError::Random)?;
    let mut number = u128::from_be_bytes(bytes);
    number = number & !(0xf << 76) | 0x4 << 76;
    number = number & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

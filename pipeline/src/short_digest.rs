//! The digest that names events and dead letters.

use aws_lc_rs::digest::{Context, SHA256};

/// Returns the first half of SHA-256 over `parts`, as 32 hexadecimal digits.
/// Each part is hashed after its length, so different lists of parts are never
/// the same bytes.
pub(crate) fn short_digest(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hex = hex::encode(context.finish());
    hex.truncate(32);
    hex
}

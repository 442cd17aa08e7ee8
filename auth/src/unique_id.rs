//! Ids that no one else has.

use aws_lc_rs::rand;

/// The system has no random numbers to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomNumbers;

/// Returns a new random UUID (version 4, RFC 9562 §5.4).
///
/// # Errors
///
/// Fails if the system has no random numbers to give.
pub fn unique_id() -> Result<String, NoRandomNumbers> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| NoRandomNumbers)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}

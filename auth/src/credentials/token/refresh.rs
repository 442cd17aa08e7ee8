//! Refresh tokens that the vendor changes with each use.
//!
//! The new one is the only key to the account from the moment it is given. So it
//! is stored before anything is done with what came along with it, and a failure
//! to store it is an error, however good the access token is.

use std::time::Duration;

use mef_ports::{Secret, SecretRef, StoreError};

use super::access_tokens::{Held, Kept, TokenPorts, kept};
use super::endpoint::{self, Granted};
use super::request::TokenRequest;
use crate::credentials::error::{CredentialError, TokenEndpointError};

/// How often it is tried to store a new refresh token.
const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// A token that was asked for.
pub(crate) enum Asked {
    /// A new one.
    Granted(Granted),
    /// One that another process had asked for meanwhile.
    Kept(Kept),
}

/// Asks for a token, with the refresh token as it is stored now where the kind
/// has one.
pub(crate) async fn ask(
    request: &TokenRequest<'_>,
    held: &mut Held,
    ports: &TokenPorts<'_>,
) -> Result<Asked, CredentialError> {
    let Some(reference) = &request.refresh_token else {
        return endpoint::ask(request, None, ports).await.map(Asked::Granted);
    };
    if let Some(unwritten) = &held.unwritten {
        write_back(reference, unwritten, ports).await?;
        held.unwritten = None;
    }
    let used = present(reference, ports).await?;
    let refused = match endpoint::ask(request, Some(&used), ports).await {
        Ok(granted) => return rotated(granted, &used, reference, held, ports).await,
        Err(error) if is_used_up(&error) => error,
        Err(error) => return Err(error),
    };
    // Another process may have used it at the same time: then its token is
    // there, or a new refresh token is.
    if let Some(kept) = kept(request, ports).await? {
        return Ok(Asked::Kept(kept));
    }
    let now = present(reference, ports).await?;
    if now.expose() == used.expose() {
        return Err(refused);
    }
    let granted = endpoint::ask(request, Some(&now), ports).await?;
    rotated(granted, &now, reference, held, ports).await
}

/// Stores the new refresh token, if one came.
async fn rotated(
    mut granted: Granted,
    used: &Secret,
    reference: &SecretRef,
    held: &mut Held,
    ports: &TokenPorts<'_>,
) -> Result<Asked, CredentialError> {
    let new = granted.refresh_token.take().filter(|new| new.expose() != used.expose());
    if let Some(new) = new {
        // Kept here until it is stored: a later try of this process may do it.
        held.unwritten = Some(new.clone());
        write_back(reference, &new, ports).await?;
        held.unwritten = None;
    }
    Ok(Asked::Granted(granted))
}

async fn write_back(
    reference: &SecretRef,
    new: &Secret,
    ports: &TokenPorts<'_>,
) -> Result<(), CredentialError> {
    let mut tries = 1;
    loop {
        match ports.secrets.replace(reference, new).await {
            Ok(()) => return Ok(()),
            Err(error) if tries == TRIES => return Err(lost(reference, error)),
            Err(error) => {
                tracing::warn!(secret = %reference, error = %error, "the new refresh token is not stored yet");
                ports.clock.sleep(BETWEEN_TRIES * tries).await;
                tries += 1;
            }
        }
    }
}

fn lost(reference: &SecretRef, error: StoreError) -> CredentialError {
    CredentialError::Rotation { secret: reference.name.clone(), error }
}

/// The refresh token as the store has it now, not as it was read some time ago.
async fn present(reference: &SecretRef, ports: &TokenPorts<'_>) -> Result<Secret, CredentialError> {
    ports.secrets.refresh(std::slice::from_ref(reference), ports.clock.now()).await;
    let found = ports.secrets.get(reference).await?.value;
    ports.redactor.learn(&found);
    Ok(found)
}

fn is_used_up(error: &CredentialError) -> bool {
    matches!(
        error,
        CredentialError::TokenEndpoint(TokenEndpointError::Refused { error, .. })
            if error == "invalid_grant"
    )
}

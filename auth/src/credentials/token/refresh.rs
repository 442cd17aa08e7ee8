//! Refresh tokens that the vendor changes with each use.
//!
//! The new one is the only key to the account from the moment it is given. So it
//! is stored before anything else that came with it is used, and a failure to store
//! it is an error, however good the access token is.

use std::time::Duration;

use mef_ports::{Secret, SecretRef};

use super::endpoint::{self, Granted};
use super::request::TokenRequest;
use super::stored::{StoredToken, stored};
use crate::credentials::error::{CredentialError, TokenEndpointError};
use crate::credentials::ports::Ports;

/// How often storing a new refresh token is tried.
const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// A token that was asked for.
pub(crate) enum Obtained {
    /// A new one.
    Granted(Granted),
    /// One that another process asked for meanwhile.
    Stored(StoredToken),
}

/// Asks for a token, with the refresh token as it is stored now if the kind has
/// one. `unwritten` holds a new refresh token until it is stored: if that fails, the
/// next call tries again.
pub(crate) async fn ask(
    request: &TokenRequest<'_>,
    unwritten: &mut Option<Secret>,
    ports: &Ports,
) -> Result<Obtained, CredentialError> {
    let Some(reference) = &request.refresh_token else {
        return endpoint::ask(request, None, ports).await.map(Obtained::Granted);
    };
    store_unwritten(reference, unwritten, ports).await?;
    let used = present(reference, ports).await?;
    let refused = match endpoint::ask(request, Some(&used), ports).await {
        Ok(granted) => return rotated(granted, &used, reference, unwritten, ports).await,
        Err(error) if is_used_up(&error) => error,
        Err(error) => return Err(error),
    };
    // Another process may have used it at the same time: then its token is
    // there, or a new refresh token is.
    if let Some(stored) = stored(request, ports).await? {
        return Ok(Obtained::Stored(stored));
    }
    let now = present(reference, ports).await?;
    if now.expose() == used.expose() {
        return Err(refused);
    }
    let granted = endpoint::ask(request, Some(&now), ports).await?;
    rotated(granted, &now, reference, unwritten, ports).await
}

/// Stores the new refresh token, if one came.
async fn rotated(
    mut granted: Granted,
    used: &Secret,
    reference: &SecretRef,
    unwritten: &mut Option<Secret>,
    ports: &Ports,
) -> Result<Obtained, CredentialError> {
    let new = granted.refresh_token.take().filter(|new| new.expose() != used.expose());
    if new.is_some() {
        *unwritten = new;
        store_unwritten(reference, unwritten, ports).await?;
    }
    Ok(Obtained::Granted(granted))
}

/// Stores the new refresh token that is not written yet, if there is one.
async fn store_unwritten(
    reference: &SecretRef,
    unwritten: &mut Option<Secret>,
    ports: &Ports,
) -> Result<(), CredentialError> {
    let Some(new) = unwritten else { return Ok(()) };
    let mut tries = 1;
    loop {
        match ports.secrets.replace(reference, new).await {
            Ok(()) => {
                *unwritten = None;
                return Ok(());
            }
            Err(error) if tries == TRIES => {
                return Err(CredentialError::Rotation { secret: reference.name.clone(), error });
            }
            Err(error) => {
                tracing::warn!(secret = %reference, error = %error, "the new refresh token is not stored yet");
                ports.clock.sleep(BETWEEN_TRIES * tries).await;
                tries += 1;
            }
        }
    }
}

/// Reads the refresh token as the store has it now, not as it was read earlier.
async fn present(reference: &SecretRef, ports: &Ports) -> Result<Secret, CredentialError> {
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

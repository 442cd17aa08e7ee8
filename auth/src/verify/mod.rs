//! Judges whether a webhook request comes from whom it claims to.
//!
//! [`verify()`] is the only way to a [`Verified`], and a `Verified` is the only
//! form in which the pipeline takes a webhook request. It works on the bytes as
//! they came and does no I/O: the caller brings the secrets and the moment, and
//! answers 503 itself if it cannot get them.
//!
//! From here down: [`verify()`] does each check of the source (`checks/`, a file
//! for each kind), which reads single values out of the request (`read/`), finds
//! its keys (`keys/`), puts the signed text together (`signed/`), notes what it saw
//! (`told/`), and says why it fails (`denied.rs`).

mod checks;
mod conceal;
mod context;
mod denied;
mod handshake;
mod head;
mod keys;
mod read;
mod request_part;
mod signed;
#[cfg(test)]
mod tests;
mod told;
mod verified;
mod wanted_keys;
mod words;

use jiff::Timestamp;
use mef_source::checked::{Verify, Webhook};

use crate::request::Request;

pub use self::checks::aws_sns::is_sns_host;
pub use self::conceal::without_credentials;
use self::context::Context;
pub use self::denied::Denied;
pub use self::handshake::{AnswerKey, verify_token};
pub use self::head::{is_authorization, is_in_head, verify_authorization, verify_head};
pub use self::keys::live_secrets::LiveSecrets;
pub use self::keys::published::{KeyDocument, KeyDocumentError, KeyKind, KeySource};
pub use self::read::values::{is_present, read_value};
pub use self::request_part::RequestPart;
pub use self::told::explanation::{Explained, Noticed, Tried};
use self::told::notes::Notes;
pub use self::verified::{Passed, Verified};
pub use self::wanted_keys::wanted_keys;

/// Judges `request` by all checks of `webhook` at the moment `now`.
///
/// `secrets` must hold every secret that the checks name.
///
/// # Errors
///
/// Fails with the first check that fails, and why. The reason is for the
/// operator; the sender gets the same 401 for each.
pub fn verify(
    webhook: &Webhook,
    request: Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> Result<Verified, Denied> {
    judge(webhook, request, secrets, now, &mut Notes::default())
}

/// Does the same as [`verify()`], and reports what each check saw and did.
///
/// It is for a person who asks why. The checks after the one that failed are
/// done too, which does not change the result.
pub fn verify_explained(
    webhook: &Webhook,
    request: Request,
    secrets: &LiveSecrets,
    now: Timestamp,
) -> (Result<Verified, Denied>, Vec<Explained>) {
    let mut notes = Notes::explaining();
    let judged = judge(webhook, request.clone(), secrets, now, &mut notes);
    let mut explained = notes.take_explained();
    let context = Context { webhook, request: &request, secrets, now };
    if let Verify::All(checks) = &webhook.verify {
        for check in checks.iter().skip(explained.len()) {
            let mut notes = Notes::explaining();
            // Only the explanation is wanted; the request is judged already.
            let _ = checks::pass(check, context, &mut notes);
            explained.extend(notes.take_explained());
        }
    }
    (judged, explained)
}

fn judge(
    webhook: &Webhook,
    request: Request,
    secrets: &LiveSecrets,
    now: Timestamp,
    notes: &mut Notes,
) -> Result<Verified, Denied> {
    let context = Context { webhook, request: &request, secrets, now };
    let passed = match &webhook.verify {
        Verify::Nothing { .. } => Vec::new(),
        Verify::All(checks) if checks.is_empty() => return Err(Denied::NoCheck),
        Verify::All(checks) => checks::pass_all(checks, context, notes)?,
    };
    // An alternative that was not needed may not have read its own credential.
    for credential in checks::singles(webhook).flat_map(|check| check.credentials()) {
        notes.mask.credential(&credential, &request);
    }
    Ok(Verified::new(request, passed, &notes.mask, notes.record.take()))
}

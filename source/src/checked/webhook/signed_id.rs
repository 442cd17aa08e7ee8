//! Whether somebody signs the id by which a repeat is known.
//!
//! An id that nobody signs can be changed: who has seen one request could send it again and again, and each
//! would be news.

use super::checks::{Check, Signed, SignedPart};
use crate::path::{Path, Root};
use crate::written::TokenRecord;

/// What SNS signs of every message.
const SNS_SIGNED: [&str; 4] = ["Message", "MessageId", "Timestamp", "TopicArn"];

/// Returns whether a request that passes `checks` has a signed body and the id at `paths` is not signed. Where
/// the body is not signed either, whoever has seen a request can make others.
pub(crate) fn leave_open(checks: &[Check], paths: &[Path]) -> bool {
    let anywhere = Path::parse("/anything", &[Root::Record]);
    anywhere.is_ok_and(|path| sign_all(checks, &[path])) && !sign_all(checks, paths)
}

/// Returns whether checks that must all pass sign what is at each of `paths`.
fn sign_all(checks: &[Check], paths: &[Path]) -> bool {
    let is_in_body = paths.iter().all(|path| path.root().is_in_body());
    checks.iter().any(|check| signs(check, paths))
        || is_in_body && checks.iter().any(|check| is_signed_digest_of_body(check, checks))
}

fn signs(check: &Check, paths: &[Path]) -> bool {
    let are_in_body = || paths.iter().all(|path| path.root().is_in_body());
    match check {
        Check::Any(checks) => checks.iter().all(|check| signs(check, paths)),
        Check::All(checks) => sign_all(checks, paths),
        Check::Jwt(jwt) => {
            let signs_body = jwt.digests.iter().any(|digest| digest.text.signs_body());
            (jwt.record == TokenRecord::Claims || signs_body) && are_in_body()
        }
        Check::Jws(_) => are_in_body(),
        Check::AwsSns(_) => paths.iter().all(|path| {
            path.root() == Root::Record
                && matches!(path.segments(), [name] if SNS_SIGNED.contains(&name.as_str()))
        }),
        single => single.signed().is_some_and(|signed| signed.signs_each_of(paths)),
    }
}

/// Returns whether `check` is a digest of the body that another of the `checks` signs.
fn is_signed_digest_of_body(check: &Check, checks: &[Check]) -> bool {
    let Check::Digest(digest) = check else { return false };
    let mut signed = checks.iter().filter_map(Check::signed);
    digest.of.signs_body() && signed.any(|signed| signed.text.signs_at(&digest.equals))
}

impl Signed {
    fn signs_each_of(&self, paths: &[Path]) -> bool {
        // The first id that is there is signed, so the same one must be the first of both lists.
        let is_the_signed_id = self.text.signs(&SignedPart::Id) && self.id == paths;
        self.each.is_none() && (is_the_signed_id || paths.iter().all(|path| self.signs_path(path)))
    }

    fn signs_path(&self, path: &Path) -> bool {
        match path.root() {
            root if root.is_in_body() && self.text.signs_body() => true,
            // Another body with the same CRC-32 is easily made.
            root if root.is_in_body() && self.text.signs_crc_of_body() => false,
            // Whether a list that comes with the request names the header is up to the sender.
            Root::Header => self.text.signs(&SignedPart::Header(path.name().to_owned())),
            _ => self.text.signs_at(path),
        }
    }
}

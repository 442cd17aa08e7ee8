//! A detached signature over the body (RFC 7515 appendix F): a header holds `HEAD..SIGNATURE`, and what
//! would stand between the dots is the body.

use jiff::Timestamp;
use mef_source::checked::{Jws, JwtKeys};

use super::compact::{Compact, received};
use super::single_check::{SingleCheck, SoFar};
use super::token;
use crate::request::Request;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::keys::published::{KeyKind, KeySource};
use crate::verify::keys::signer::SignedToken;
use crate::verify::read::credential::Credential;
use crate::verify::told::{explanation::Noticed, notes::Notes};

impl SingleCheck for Jws {
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let mut signed_by = None;
        for text in received(&self.from, self.prefix.as_deref(), context.request)? {
            let compact = Compact::split(&text, &self.from)?;
            let head = compact.detached_head(&self.algorithms)?;
            let input = compact.over(context.request.body(), &head);
            let signed = SignedToken {
                part: &compact.part,
                algorithm: head.algorithm,
                kid: head.kid.as_deref(),
                input: &input,
                signature: compact.signature,
            };
            let by = signed.signer(&self.keys, context.secrets, context.now)?;
            notes.tried(&by, true);
            signed_by.get_or_insert(by);
        }
        signed_by.map(Some).ok_or_else(|| Denied::Missing(token::part(&self.from)))
    }

    fn needs_body(&self) -> bool {
        true
    }

    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        vec![token::notice(&self.from, context.request)]
    }

    fn credentials(&self) -> Vec<Credential<'_>> {
        vec![Credential::of_token(&self.from)]
    }

    fn wanted_keys(&self, request: &Request, _: Timestamp) -> Option<KeySource> {
        let JwtKeys::Jwks(url) = &self.keys else { return None };
        let could_pass = |text: &String| {
            Compact::split(text, &self.from)?.detached_head(&self.algorithms).map(drop)
        };
        let texts = received(&self.from, self.prefix.as_deref(), request).ok()?;
        texts.iter().try_for_each(could_pass).ok()?;
        Some(KeySource { url: url.clone(), kind: KeyKind::Jwks })
    }

    /// Judges only that a signature came and can be one.
    fn check_head(&self, context: Context<'_>) -> Result<SoFar, Denied> {
        for text in received(&self.from, self.prefix.as_deref(), context.request)? {
            Compact::split(&text, &self.from)?.detached_head(&self.algorithms)?;
        }
        Ok(SoFar::Open)
    }
}

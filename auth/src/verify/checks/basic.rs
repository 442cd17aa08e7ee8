//! A user's name and password in the header `Authorization` (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use mef_source::checked::Basic;

use super::single_check::SingleCheck;
use super::token::{matching, sha256, without_prefix};
use crate::request::AUTHORIZATION;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::keys::live_secrets::names;
use crate::verify::read::{credential::Credential, values};
use crate::verify::request_part::RequestPart;
use crate::verify::told::{explanation::Noticed, notes::Notes, noticed};

const SCHEME: &str = "Basic ";

impl SingleCheck for Basic {
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let sent = values::header(context.request, AUTHORIZATION)?
            .ok_or_else(|| Denied::Missing(part()))?;
        let encoded = without_prefix(sent, Some(SCHEME))
            .ok_or_else(|| Denied::TokenPrefix { part: part(), prefix: SCHEME.to_owned() })?;
        let sent = STANDARD_PAD_INDIFFERENT
            .decode(encoded)
            .ok()
            .filter(|sent| sent.contains(&b':'))
            .ok_or_else(|| Denied::BasicMalformed(part()))?;
        let live = context.secrets.live(&self.secrets, context.now)?;
        let expected = live.iter().map(|(name, secret)| {
            let pair = match &self.username {
                Some(user) => format!("{user}:{}", secret.expose()),
                None => secret.expose().to_owned(),
            };
            (*name, sha256(pair.as_bytes()))
        });
        matching(&sent, &expected.collect::<Vec<_>>(), notes)
            .map(|name| Some(name.to_owned()))
            .ok_or_else(|| Denied::TokenMismatch { part: part(), secrets: names(&live) })
    }

    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        let values = context.request.header_values(AUTHORIZATION);
        vec![noticed::credentials("name and password", part(), values)]
    }

    fn credentials(&self) -> Vec<Credential<'_>> {
        vec![Credential::Header(AUTHORIZATION)]
    }

    fn is_authorization(&self) -> bool {
        true
    }
}

fn part() -> RequestPart {
    RequestPart::Header(AUTHORIZATION.to_owned())
}

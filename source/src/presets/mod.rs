//! Presets: what a vendor's webhooks need, written down once.
//!
//! A preset is a file under `presets/` that holds part of a source file. All
//! of them are built into the binary, so that a source that names one needs
//! nothing beside it; only those that are named are parsed. No vendor is known
//! to the code: what cannot be said in a preset, the language lacks.

mod describe;
mod overrides;
mod reference;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::written::{Located, Node};

pub(crate) use describe::described;
pub(crate) use overrides::overridden;
pub use reference::presets_reference;

/// The presets' names and texts, by name.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// What a vendor's webhooks need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The name by which a source asks for it; also that of its file.
    #[serde(rename = "preset")]
    pub name: String,
    /// The vendor's name, for people.
    pub vendor: String,
    /// The vendor's own page about its webhooks.
    pub docs: String,
    /// What the operator must know.
    #[serde(default)]
    pub notes: Option<String>,
    /// What the source must say itself.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What each secret is and where the vendor shows it, by the secret's name.
    pub secrets: BTreeMap<String, String>,
    /// Keys of `webhook`.
    pub(crate) webhook: Located<Node>,
    /// Keys of `event`.
    #[serde(default)]
    pub(crate) event: PresetEvent,
}

/// The part of `event` that follows from how a vendor pushes. The rest is the
/// source's to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresetEvent {
    #[serde(default)]
    pub(crate) split: Option<Located<Node>>,
}

/// What a source must say itself, because no preset can know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// `webhook.public_url`, which is part of what is signed.
    PublicUrl,
    /// Where the credential is.
    From,
    /// The name that goes with a password.
    Username,
    /// The topics that may push.
    Topics,
    /// Whom a token must be made for.
    Audience,
    /// Who must have made a token.
    Issuer,
    /// What a token must claim.
    Claims,
    /// Where a token's keys are.
    Keys,
    /// The addresses that may push.
    Allow,
}

impl Need {
    /// The key that has to be written.
    pub fn key(self) -> &'static str {
        match self {
            Need::PublicUrl => "public_url",
            Need::From => "from",
            Need::Username => "username",
            Need::Topics => "topics",
            Need::Audience => "audience",
            Need::Issuer => "issuer",
            Need::Claims => "claims",
            Need::Keys => "keys",
            Need::Allow => "allow",
        }
    }

    /// Whether it is a key of `webhook` and not of the preset's use.
    pub fn is_of_webhook(self) -> bool {
        self == Need::PublicUrl
    }

    /// A value that it may have, as YAML.
    pub fn example(self) -> &'static str {
        match self {
            Need::PublicUrl => "https://hooks.example.com/source",
            Need::From => "header.X-Webhook-Token",
            Need::Username => "webhook",
            Need::Topics => "[\"arn:aws:sns:eu-west-1:123456789012:security\"]",
            Need::Audience => "https://hooks.example.com/source",
            Need::Issuer => "https://issuer.example.com",
            Need::Claims => "{ email: sender@example.com }",
            Need::Keys => "{ jwks_url: \"https://issuer.example.com/keys\" }",
            Need::Allow => "[192.0.2.0/24]",
        }
    }
}

impl Preset {
    /// One line for each check that a request must pass: what is checked, over
    /// what, where the proof is and which secret it takes.
    pub fn checks(&self) -> Vec<String> {
        self.webhook.key("verify").map_or_else(Vec::new, |checks| described(checks))
    }

    /// One line for each handshake that is answered: the request that begins it.
    pub fn handshakes(&self) -> Vec<String> {
        self.webhook.key("handshake").map_or_else(Vec::new, |rules| describe::handshakes(rules))
    }
}

/// Every preset, by name.
///
/// One that does not parse is left out; the project's tests see to it that
/// there is none.
pub fn presets() -> impl Iterator<Item = Preset> {
    FILES.iter().filter_map(|(_, text)| parse(text).ok())
}

/// The names of all presets, sorted.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The names of the presets that may have been meant by `written`, nearest
/// first.
pub fn preset_names_near(written: &str) -> Vec<&'static str> {
    crate::spelling::near(written, preset_names())
}

/// The preset of this name.
///
/// # Errors
///
/// What the parser says of the preset's file.
pub fn preset(name: &str) -> Option<Result<Preset, String>> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(parse(text))
}

fn parse(text: &str) -> Result<Preset, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

/// The text of the preset of this name, for what depends on all of it.
pub(crate) fn text_of(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

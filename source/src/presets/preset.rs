//! What a preset holds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::{FILES, read, text_of};
use super::describe::{described, handshakes};
use crate::located::Located;
use crate::node::Node;

/// The part of a source file that every source of a vendor shares.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The name that sources use; also the name of the file.
    #[serde(rename = "preset")]
    pub name: String,
    /// The vendor's name, for people.
    pub vendor: String,
    /// The vendor's own page about its webhooks.
    pub docs: String,
    /// What an operator has to know.
    #[serde(default)]
    pub notes: Option<String>,
    /// What the source has to say itself.
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

/// The keys of `event` that depend on how a vendor pushes. The source says the
/// rest.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresetEvent {
    #[serde(default)]
    pub(crate) split: Option<Located<Node>>,
}

/// A key that a source has to write, because no preset can know its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// `webhook.public_url`, which is part of the signed text.
    PublicUrl,
    /// Where the credential is.
    From,
    /// The name that goes with a password.
    Username,
    /// The topics that may send webhooks.
    Topics,
    /// Whom a token must be issued for.
    Audience,
    /// Who must have issued a token.
    Issuer,
    /// The claims that a token must have.
    Claims,
    /// Where to find the keys of a token.
    Keys,
    /// The addresses that may send webhooks.
    Allow,
    /// The text that is signed, which holds what only the source knows.
    Text,
}

impl Need {
    /// Returns the key to write.
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
            Need::Text => "text",
        }
    }

    /// Returns whether it is a key of `webhook` itself and not of the check that names the preset.
    pub fn is_of_webhook(self) -> bool {
        self == Need::PublicUrl
    }

    /// Returns an example of a value, as YAML.
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
            Need::Text => "\"{timestamp}.ID.{body}\"",
        }
    }
}

impl Preset {
    /// Returns one line for each check that a request must pass: what is
    /// checked, over which text, where the proof is, and which secret it needs.
    pub fn checks(&self) -> Vec<String> {
        self.webhook.key("verify").map_or_else(Vec::new, |checks| described(checks))
    }

    /// Returns one line for each handshake: the request that starts it.
    pub fn handshakes(&self) -> Vec<String> {
        self.webhook.key("handshake").map_or_else(Vec::new, |rules| handshakes(rules))
    }
}

/// Returns every preset, sorted by name.
///
/// A preset that does not parse is left out; a test of the project checks that
/// all of them parse.
pub fn presets() -> impl Iterator<Item = Preset> {
    FILES.iter().filter_map(|(_, text)| read(text).ok())
}

/// Returns the preset called `name`; `None` if there is none of this name.
///
/// # Errors
///
/// Fails with the parser's message if the preset's file cannot be read.
pub fn preset(name: &str) -> Option<Result<Preset, String>> {
    text_of(name).map(read)
}

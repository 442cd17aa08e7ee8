//! What `webhook.handshake` means.
//!
//! Anybody may ask for an answer, and a rule that is too wide takes events away.
//! So a rule has to say which requests it is for, and a rule that would sign any
//! text of a stranger does not load.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::checks::Check;
use super::checks::secret_use::SecretUse;
use super::checks::surroundings::REQUEST_ROOTS;
use super::checks::token;
use super::checks::token::Token;
use super::respond::{AnswerTemplate, Respond, StoredSecret};
use super::verify::Verify;
use crate::checked::checker::{Checker, Told, all};
use crate::checked::constant::constant;
use crate::path::Path;
use crate::problem::Place;
use crate::written::{self, HandshakeAuth as Written, Located, OneOrMany};

/// How large a compiled pattern may be, in bytes.
const PATTERN_SIZE: usize = 1024 * 1024;

/// Methods that can be answered.
const METHODS: [&str; 6] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"];

/// What events look like. A pattern that matches one of these would let a stranger
/// have an event signed.
const LIKE_EVENTS: [&str; 4] = ["{\"id\":1}", "[{\"id\":1}]", "a=1&b=2", "<a>1</a>"];

/// A rule for requests that bring no event and want an answer.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// Which requests it is for.
    pub when: When,
    /// What a request must prove.
    pub auth: HandshakeAuth,
    /// What values must look like.
    pub constrain: Vec<Constraint>,
    /// What is answered.
    pub respond: Respond,
}

/// Which requests a rule is for; all of this holds.
#[derive(Clone, Debug)]
pub struct When {
    /// One of these methods; never empty.
    pub methods: Vec<String>,
    /// Paths where something is.
    pub present: Vec<Path>,
    /// Paths where nothing is.
    pub absent: Vec<Path>,
    /// Paths and the text, number or boolean there.
    pub equals: Vec<(Path, Value)>,
}

/// What a handshake's request must prove.
#[derive(Clone, Debug)]
pub enum HandshakeAuth {
    /// It passes the webhook's checks.
    Signed,
    /// Nothing.
    None,
    /// It holds this token.
    Token(Box<Token>),
}

/// What a value must look like.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Where it is.
    pub path: Path,
    /// The pattern for the whole value.
    pub pattern: Regex,
}

impl When {
    /// Returns whether the rule can be for requests of this method.
    pub fn takes(&self, method: &str) -> bool {
        self.methods.iter().any(|taken| taken == method)
    }

    /// Returns whether an event can match, so that it would be answered and lost.
    fn takes_events(&self, methods: &[String]) -> bool {
        let in_body = |path: &Path| path.root().is_in_body();
        self.methods.iter().any(|method| methods.contains(method))
            && self.equals.is_empty()
            && self.absent.is_empty()
            && self.present.iter().all(in_body)
    }
}

impl Handshake {
    /// Reads a rule of a webhook that takes `methods` and checks `verify`.
    pub(crate) fn check(
        written: &Located<written::Handshake>,
        methods: &[String],
        verify: Option<&Verify>,
        checker: &mut Checker<'_>,
    ) -> Result<Handshake, Told> {
        let when = when(&written.when, methods, checker);
        let auth = auth(&written.auth, checker);
        let constrain = constraints(written, checker);
        let respond = Respond::check(&written.respond, checker);
        let rule = Handshake { when: when?, auth: auth?, constrain: constrain?, respond: respond? };
        rule.lint(written, methods, verify, checker);
        Ok(rule)
    }

    /// Returns the secrets that the rule itself uses.
    pub fn secrets(&self) -> &[SecretUse] {
        match &self.auth {
            HandshakeAuth::Token(token) => &token.secrets,
            HandshakeAuth::Signed | HandshakeAuth::None => &[],
        }
    }

    /// Returns the name of the secret that the rule stores, if it stores one.
    pub fn stores(&self) -> Option<&str> {
        match &self.respond {
            Respond::StoredSecret(stored) => Some(&stored.secret),
            Respond::Answer(_) | Respond::SnsConfirmation => None,
        }
    }

    fn lint(
        &self,
        written: &Located<written::Handshake>,
        methods: &[String],
        verify: Option<&Verify>,
        checker: &mut Checker<'_>,
    ) {
        let (place, when) = (written.place(), written.when.place().or(written.place()));
        let conditions = self.when.present.len() + self.when.absent.len() + self.when.equals.len();
        if conditions == 0 && self.when.takes_events(methods) {
            checker.error_with(
                when,
                "every event would be taken for this handshake, and lost",
                "say how its requests differ, such as `present: [query.challenge]`",
            );
        } else if matches!(self.auth, HandshakeAuth::None) && self.when.takes_events(methods) {
            checker.warn(
                when,
                "an event could be taken for this handshake, and anybody may ask for its answer",
                "say more of its requests: `equals`, a header, a query parameter, or what is `absent`",
            );
        }
        if let (HandshakeAuth::Signed, Some(Verify::Nothing { .. })) = (&self.auth, verify) {
            checker.error_with(
                written.auth.place().or(place),
                "`auth: signed` asks for checks that the webhook does not have",
                "write `auth: none`, or list checks under `verify`",
            );
        }
        match &self.respond {
            Respond::Answer(answer) => self.lint_hmac(answer, written, verify, checker),
            Respond::SnsConfirmation => {
                if !matches!(self.auth, HandshakeAuth::Signed) {
                    checker.error_with(
                        written.auth.place().or(place),
                        "only a signed message says which URL to get",
                        "leave `auth` out",
                    );
                }
                let is_sns = |check: &Check| {
                    check.singles().iter().any(|check| matches!(check, Check::AwsSns(_)))
                };
                let by_sns = match verify {
                    Some(Verify::All(checks)) => checks.iter().any(is_sns),
                    Some(Verify::Nothing { .. }) => false,
                    None => true,
                };
                if !by_sns {
                    checker.error_with(
                        written.respond.place().or(place),
                        "only a message that SNS signed says which URL to get",
                        "check it: `verify: [ { aws_sns: { topics: [\"arn:aws:sns:…\"] } } ]`",
                    );
                }
            }
            Respond::StoredSecret(stored) => self.lint_stored(stored, written, checker),
        }
    }

    /// Reports an HMAC over text that a stranger can choose freely.
    fn lint_hmac(
        &self,
        answer: &AnswerTemplate,
        written: &Located<written::Handshake>,
        verify: Option<&Verify>,
        checker: &mut Checker<'_>,
    ) {
        let place = written.respond.place().or(written.place());
        let signed = answer.signed_paths();
        if signed.is_empty() {
            return;
        }
        let has_hmac = match verify {
            Some(Verify::All(checks)) => {
                checks.iter().flat_map(Check::singles).any(|c| matches!(c, Check::Hmac(_)))
            }
            Some(Verify::Nothing { .. }) => false,
            None => true,
        };
        if !has_hmac {
            checker.error_with(
                place,
                "the answer holds an HMAC, and the webhook has no secret to make it with",
                "it is made with the secret of the first `hmac` check under `verify`",
            );
        }
        if !matches!(self.auth, HandshakeAuth::None) {
            return;
        }
        for path in signed {
            let patterns = self.constrain.iter().filter(|constraint| constraint.path == *path);
            let mut patterns = patterns.map(|constraint| &constraint.pattern).peekable();
            if patterns.peek().is_none() {
                checker.error_with(
                    place,
                    format!("anybody can have any text, an event too, signed with the webhook's secret: by `{path}`"),
                    format!("say what it looks like: `constrain: {{ \"{path}\": \"[A-Za-z0-9_-]{{1,128}}\" }}`"),
                );
            } else if LIKE_EVENTS.iter().any(|event| patterns.clone().all(|p| p.is_match(event))) {
                checker.error_with(
                    written.constrain.values().find_map(Located::place).or(place),
                    format!("the pattern of `{path}` lets an event through, which anybody could have signed"),
                    "allow only what a challenge is made of, such as `[A-Za-z0-9_-]{1,128}`",
                );
            }
        }
    }

    fn lint_stored(
        &self,
        stored: &StoredSecret,
        written: &Located<written::Handshake>,
        checker: &mut Checker<'_>,
    ) {
        if matches!(self.auth, HandshakeAuth::Signed) {
            checker.error_with(
                written.auth.place().or(written.place()),
                "nothing can be signed with a secret that is not stored yet",
                "write `auth: none`: the first who asks before `enrol_until` is trusted",
            );
        }
        let brings = |path: &Path| *path == stored.from;
        let asked = self.when.present.iter().chain(self.when.equals.iter().map(|(path, _)| path));
        if !asked.into_iter().any(brings) {
            checker.error_with(
                written.when.place().or(written.place()),
                format!("`when` does not ask for `{}`", stored.from),
                format!("write `present: [{}]`", stored.from),
            );
        }
    }
}

fn when(
    written: &Located<written::When>,
    methods: &[String],
    checker: &mut Checker<'_>,
) -> Result<When, Told> {
    let methods = match written.method.as_ref().map(|method| (method, method.to_ascii_uppercase()))
    {
        None => Ok(methods.to_vec()),
        Some((_, upper)) if METHODS.contains(&upper.as_str()) => Ok(vec![upper]),
        Some((method, _)) => Err(checker.error_with(
            method.place(),
            format!("`{}` is not a method that can be answered", &**method),
            "one of `GET`, `HEAD`, `OPTIONS`, `POST`, `PUT`, `PATCH`",
        )),
    };
    let mut paths = |key, written: &Option<Located<OneOrMany>>| match written {
        None => Ok(Vec::new()),
        Some(paths) => checker.alternatives(key, paths, REQUEST_ROOTS),
    };
    let present = paths("present", &written.present);
    let absent = paths("absent", &written.absent);
    let equals = all(written.equals.iter().map(|(path, node)| {
        let place = node.place().or(written.place());
        let path = checker.path_at(place, path, REQUEST_ROOTS);
        let value = constant(node, checker);
        if matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
            return Err(checker.error_with(
                place,
                "`equals` compares with text, a number or a boolean",
                "what is there or not, whatever it is, is said with `present` and `absent`",
            ));
        }
        Ok((path?, value))
    }));
    Ok(When { methods: methods?, present: present?, absent: absent?, equals: equals? })
}

fn auth(written: &Located<Written>, checker: &mut Checker<'_>) -> Result<HandshakeAuth, Told> {
    match &**written {
        Written::Signed => Ok(HandshakeAuth::Signed),
        Written::None => Ok(HandshakeAuth::None),
        Written::Token(written) => {
            token::check(written, checker).map(Box::new).map(HandshakeAuth::Token)
        }
    }
}

fn constraints(
    written: &Located<written::Handshake>,
    checker: &mut Checker<'_>,
) -> Result<Vec<Constraint>, Told> {
    all(written.constrain.iter().map(|(path, text)| {
        let place = text.place().or(written.place());
        let path = checker.path_at(place, path, REQUEST_ROOTS);
        let pattern = pattern(text, place, checker);
        Ok(Constraint { path: path?, pattern: pattern? })
    }))
}

/// Reads a pattern for the whole value. Matching takes time linear in the text, so
/// no value can make it slow.
fn pattern(text: &str, place: Option<Place>, checker: &mut Checker<'_>) -> Result<Regex, Told> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_SIZE).build();
    // By itself first: `a)|(b` would break out of the group.
    build(text).and_then(|_| build(&format!("\\A(?:{text})\\z"))).map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            // The last line says it; those before it draw the place.
            error => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                last.trim_start_matches("error: ").to_owned()
            }
        };
        checker.error_with(
            place,
            format!("`{text}` is not a pattern: {reason}"),
            "a regular expression without look-around and back-references, such as `[A-Za-z0-9_-]{1,128}`",
        )
    })
}

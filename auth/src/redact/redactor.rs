//! Learns credentials, and masks them in texts.
//!
//! No type of ours prints a secret, but vendors and libraries do: an error
//! echoes a URL, a token endpoint repeats what it was sent. So every credential
//! is learnt where it is handed out, in each form it may come back in. Whatever
//! goes to a log, a report or a terminal is searched for all of them at once.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use mef_ports::Secret;

use super::forms::{SHORTEST, forms};

/// How many bytes of learnt forms are kept: some ninety long access tokens, or
/// thousands of keys. Finding them takes twenty MiB. Access tokens change every
/// hour, so the next credential replaces the one that was learnt longest ago; every
/// use learns it again.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// How many bytes of forms are kept of what vendors set as often as they like: the
/// cookies of two runs.
const MOST_BYTES_SET: usize = 512 * 1024;

/// Replaces every credential that it has learnt by `***`.
///
/// Clones share what they have learnt.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Learnt>>);

#[derive(Default)]
struct Learnt {
    /// Secrets and access tokens.
    own: Shelf,
    /// What vendors set. It makes no secret be forgotten, however much it is.
    set: Shelf,
    /// Finds all forms in one pass. It is built when it is first needed, not anew for
    /// each of many credentials learnt in a row.
    finder: Option<Arc<AhoCorasick>>,
}

struct Credential {
    secret: Secret,
    forms: BTreeSet<String>,
}

/// Credentials, the one that was learnt longest ago first.
#[derive(Default)]
struct Shelf(VecDeque<Credential>);

impl Shelf {
    /// Puts a credential last, and drops the first while there are more than `most`
    /// bytes of forms. Returns whether it is new.
    fn put(&mut self, secret: &Secret, most: usize) -> bool {
        let text = secret.expose();
        let known = self.0.iter().position(|known| known.secret.expose() == text);
        if let Some(known) = known.and_then(|index| self.0.remove(index)) {
            self.0.push_back(known);
            return false;
        }
        self.0.push_back(Credential { secret: secret.clone(), forms: forms(text) });
        let mut bytes: usize = self.0.iter().map(Credential::size).sum();
        while bytes > most && self.0.len() > 1 {
            bytes -= self.0.pop_front().map_or(0, |oldest| oldest.size());
        }
        true
    }
}

impl Learnt {
    fn all(&self) -> impl Iterator<Item = &Credential> {
        self.own.0.iter().chain(&self.set.0)
    }
}

impl Credential {
    fn size(&self) -> usize {
        self.forms.iter().map(String::len).sum()
    }
}

impl Redactor {
    /// Learns a credential. One of fewer than four characters is not learnt: masking
    /// it would cut up every text, and show where it was.
    pub fn learn(&self, secret: &Secret) {
        self.put(secret, |learnt| learnt.own.put(secret, MOST_BYTES));
    }

    /// Learns what a vendor sets in any number and size, such as a cookie. It has a
    /// place of its own: it never makes a secret or an access token be forgotten.
    pub fn learn_set(&self, secret: &Secret) {
        self.put(secret, |learnt| learnt.set.put(secret, MOST_BYTES_SET));
    }

    fn put(&self, secret: &Secret, put: impl FnOnce(&mut Learnt) -> bool) {
        if secret.expose().chars().count() < SHORTEST {
            return;
        }
        let mut learnt = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if put(&mut learnt) {
            learnt.finder = None;
        }
    }

    /// Returns what finds the learnt forms; `None` while nothing is learnt.
    fn finder(&self) -> Option<Arc<AhoCorasick>> {
        {
            let learnt = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if learnt.finder.is_some() || learnt.all().next().is_none() {
                return learnt.finder.clone();
            }
        }
        let mut learnt = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if learnt.finder.is_none() {
            let all: BTreeSet<_> = learnt.all().flat_map(|known| &known.forms).collect();
            // Its own choice for a few patterns takes a kilobyte for each byte of an
            // access token.
            let kind = Some(AhoCorasickKind::ContiguousNFA);
            let finder = AhoCorasick::builder().kind(kind).build(all);
            #[expect(clippy::expect_used, reason = "it fails only above two billion states")]
            let finder = finder.expect("a few hundred credentials fit");
            learnt.finder = Some(Arc::new(finder));
        }
        learnt.finder.clone()
    }

    /// Returns `text` with `***` in place of every learnt credential: as it is, URL
    /// encoded, escaped for JSON or HTML, in base64 (also inside a longer base64 text)
    /// or in hexadecimal.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(finder) = self.finder() else { return Cow::Borrowed(text) };
        let mut masked = String::new();
        let mut copied = 0;
        // Two credentials that overlap become one hole, and nothing of either is left.
        let mut hole: Option<(usize, usize)> = None;
        let mut found: Vec<_> =
            finder.find_overlapping_iter(text).map(|m| (m.start(), m.end())).collect();
        found.sort_unstable();
        let mut fill = |(start, end): (usize, usize)| {
            masked.push_str(text.get(copied..start).unwrap_or_default());
            masked.push_str("***");
            copied = end;
        };
        for (start, end) in found {
            hole = match hole {
                Some((from, to)) if start <= to => Some((from, to.max(end))),
                before => {
                    before.into_iter().for_each(&mut fill);
                    Some((start, end))
                }
            };
        }
        hole.into_iter().for_each(&mut fill);
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        masked.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(masked)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let learnt = self.0.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Redactor that knows {} credentials", learnt.all().count())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use percent_encoding::utf8_percent_encode;
    use proptest::prelude::*;
    use url::form_urlencoded;

    use super::super::forms::with_lower_escapes;
    use super::*;
    use crate::query::RESERVED;

    fn knowing(values: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        values.iter().for_each(|value| redactor.learn(&Secret::new(*value)));
        redactor
    }

    #[test]
    fn every_form_is_masked() {
        let secret = "pä/ss \"w+rd\"?=\\~'{x}";
        let redactor = knowing(&[secret]);
        let url = |base: &str| url::Url::parse(base).unwrap();
        let mut with_pair = url("https://h/");
        with_pair.query_pairs_mut().append_pair("k", secret);
        let lower = |text: &str| with_lower_escapes(text);
        let strict = utf8_percent_encode(secret, RESERVED).to_string();
        for text in [
            format!("<{secret}>"),
            format!("{secret:?}"),
            serde_json::json!({ "k": secret }).to_string(),
            serde_json::json!(serde_json::json!({ "k": secret }).to_string()).to_string(),
            r#"{"k":"p\u00e4\/ss \"w+rd\"?=\\~'{x}"}"#.to_owned(),
            with_pair.to_string(),
            lower(with_pair.as_str()),
            url(&format!("https://h/?k={secret}")).to_string(),
            strict.clone(),
            lower(&strict),
            STANDARD.encode(secret),
            URL_SAFE.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            hex::encode(secret),
            hex::encode_upper(secret),
        ] {
            let masked = redactor.mask(&text);
            assert!(masked.contains("***"), "{text}");
            for piece in ["ss", "w+rd", "w%2", "7373", "c3Mg"] {
                assert!(!masked.contains(piece), "{text} became {masked}");
            }
        }
        assert_eq!(redactor.mask("nothing here"), "nothing here");
    }

    #[test]
    fn a_secret_is_masked_as_programs_of_many_languages_escape_it() {
        let redactor = knowing(&["a&b<c>d'e\"f+g/h="]);
        for text in [
            r#"{"e":"a\u0026b\u003cc\u003ed'e\"f+g/h="}"#,
            r#"{"e":"a\u0026b\u003Cc\u003Ed\u0027e\u0022f+g\/h="}"#,
            r#"{"e":"a\u0026b\u003Cc\u003Ed\u0027e\u0022f\u002Bg/h="}"#,
            r#"<p>a&amp;b&lt;c&gt;d'e"f+g/h="#,
            "<p>a&amp;b&lt;c&gt;d&#39;e&#34;f+g/h=",
            "<p>a&amp;b&lt;c&gt;d&#x27;e&quot;f+g/h=",
            "/login?to=%2Flogs%3Fk%3Da%2526b%253Cc%253Ed%2527e%2522f%252Bg%252Fh%253D",
        ] {
            let masked = redactor.mask(text);
            assert!(masked.contains("***") && !masked.contains("g/h"), "{masked}");
            assert!(!masked.contains("252F"), "{masked}");
        }
    }

    #[test]
    fn a_secret_inside_basic_credentials_is_masked() {
        let redactor = knowing(&["correct-horse-battery"]);
        for user in ["", "a", "ab", "abc"] {
            for after in ["", "x", "xy"] {
                let basic = STANDARD.encode(format!("{user}:correct-horse-battery{after}"));
                let masked = redactor.mask(&basic).into_owned();
                assert!(masked.contains("***"), "{basic}");
                // Only characters that its neighbours share are left.
                assert!(masked.len() <= user.len() * 2 + after.len() * 2 + 9, "{masked}");
            }
        }
    }

    #[test]
    fn a_secret_inside_oauth_client_credentials_is_masked() {
        let redactor = knowing(&["s3cr/et of+okta"]);
        let basic = STANDARD.encode("client:s3cr%2Fet+of%2Bokta");
        // The letters at both ends are shared with its neighbours.
        assert_eq!(redactor.mask(&format!("Basic {basic}")), "Basic Y2xpZW50On***E=");
    }

    #[test]
    fn credentials_that_run_into_each_other_leave_nothing() {
        let redactor = knowing(&["abcd1234", "1234efgh", "aaaa"]);
        assert_eq!(redactor.mask("<abcd1234efgh>"), "<***>");
        assert_eq!(redactor.mask("<aaaaaaa>"), "<***>");
        assert_eq!(redactor.mask("abcd1234 and 1234efgh"), "*** and ***");
    }

    #[test]
    fn short_values_are_not_learnt() {
        assert_eq!(knowing(&["abc", "ümü", "four"]).mask("abc ümü four"), "abc ümü ***");
    }

    #[test]
    fn the_credential_met_longest_ago_makes_place() {
        let redactor = knowing(&["first", "second"]);
        // Squares have no pattern that repeats.
        let long = |n: u64| -> Secret {
            Secret::new((1..2_000).map(|m| format!("{}", m * m * n)).collect::<String>())
        };
        for n in 1..20 {
            redactor.learn(&long(n));
            redactor.learn(&Secret::new("first"));
        }
        assert_eq!(redactor.mask("first second"), "*** second");
        assert_eq!(redactor.mask(long(19).expose()), "***");
    }

    #[test]
    fn what_a_vendor_sets_makes_no_secret_be_forgotten() {
        let redactor = knowing(&["our-secret"]);
        let long =
            |n: u64| Secret::new((1..2_000).map(|m| format!("{}", m * m * n)).collect::<String>());
        for n in 1..20 {
            redactor.learn_set(&long(n));
        }
        assert_eq!(redactor.mask("our-secret"), "***");
        assert_eq!(redactor.mask(long(19).expose()), "***");
        let first = long(1);
        assert_eq!(redactor.mask(first.expose()), first.expose(), "it takes a bounded place");
    }

    /// A token of thirty kilobytes once took a hundred megabytes: a table of all bytes
    /// for each form.
    #[test]
    fn a_long_access_token_takes_no_hundred_times_its_forms() {
        let token: String = (1..6_000_u64).map(|n| format!("{:x}", n * n)).collect();
        assert!(token.len() > 30_000);
        let redactor = knowing(&[&token]);
        assert_eq!(redactor.mask(&token), "***");
        let used = redactor.finder().unwrap().memory_usage();
        assert!(used < 25 * 1024 * 1024, "{used}");
    }

    #[test]
    fn debug_shows_no_value() {
        let redactor = knowing(&["hunter2222"]);
        assert!(!format!("{redactor:?}").contains("hunter"));
    }

    proptest! {
        #[test]
        fn nothing_of_a_secret_survives(
            secret in "[ -~äß€😀]{4,20}",
            before in "[ -~ä]{0,9}",
            after in "[ -~ä]{0,9}",
        ) {
            prop_assume!(!secret.contains('*'));
            let redactor = knowing(&[&secret]);
            let whole = format!("{before}{secret}{after}");
            for text in [
                whole.clone(),
                serde_json::json!(whole).to_string(),
                utf8_percent_encode(&whole, RESERVED).to_string(),
                form_urlencoded::byte_serialize(whole.as_bytes()).collect(),
                hex::encode(&whole),
            ] {
                prop_assert!(redactor.mask(&text).contains("***"));
            }
            prop_assert!(!redactor.mask(&whole).contains(&secret));
            if secret.len() > 5 {
                prop_assert!(redactor.mask(&STANDARD.encode(&whole)).contains("***"));
            }
        }
    }
}

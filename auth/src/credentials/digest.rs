//! HTTP Digest (RFC 7616): an answer to the vendor's challenge.
//!
//! The challenge comes with a 401 and is kept for the requests that follow; each
//! counts one further. The next 401 replaces a stale challenge.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA512_256, digest};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use md5::{Digest as _, Md5};

use crate::header_text::header_text;

/// What the vendor asks for in `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: DigestAlgorithm,
    /// The algorithm as the vendor wrote it, which is sent back.
    written: Option<String>,
    session: bool,
    qop_auth: bool,
    userhash: bool,
    /// How often the nonce was used.
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DigestAlgorithm {
    Md5,
    Sha256,
    Sha512_256,
}

impl DigestAlgorithm {
    fn hex(self, text: &str) -> String {
        let with = |algorithm: &'static Algorithm| hex::encode(digest(algorithm, text.as_bytes()));
        match self {
            DigestAlgorithm::Md5 => hex::encode(Md5::digest(text)),
            DigestAlgorithm::Sha256 => with(&SHA256),
            DigestAlgorithm::Sha512_256 => with(&SHA512_256),
        }
    }
}

impl Challenge {
    /// Finds the strongest challenge in the headers of a 401 that can be answered.
    pub(super) fn of(headers: &HeaderMap) -> Option<Challenge> {
        let lines = headers.get_all(WWW_AUTHENTICATE).iter();
        let challenges = lines.flat_map(|line| challenges(&header_text(line)));
        challenges.filter_map(Challenge::read).max_by_key(|one| one.algorithm)
    }

    fn read(parameters: Vec<(String, String)>) -> Option<Challenge> {
        let get = |wanted: &str| {
            let mut found = parameters.iter().filter(|(name, _)| name == wanted);
            found.next().map(|(_, value)| value.as_str())
        };
        let written = get("algorithm");
        let upper = written.unwrap_or("MD5").to_ascii_uppercase();
        let (name, session) =
            upper.strip_suffix("-SESS").map_or((upper.as_str(), false), |name| (name, true));
        let algorithm = match name {
            "MD5" => DigestAlgorithm::Md5,
            "SHA-256" => DigestAlgorithm::Sha256,
            "SHA-512-256" => DigestAlgorithm::Sha512_256,
            _ => return None,
        };
        let qop_auth = match get("qop") {
            None => false,
            // `auth-int` alone would sign the body, which no vendor of logs wants.
            Some(qop) => {
                qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")).then_some(true)?
            }
        };
        Some(Challenge {
            realm: get("realm")?.to_owned(),
            nonce: get("nonce")?.to_owned(),
            opaque: get("opaque").map(str::to_owned),
            algorithm,
            written: written.map(str::to_owned),
            session,
            qop_auth,
            userhash: get("userhash").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            count: 0,
        })
    }

    /// Returns the value of `Authorization` for the next request.
    pub(super) fn authorization(
        &mut self,
        (username, password): (&str, &str),
        (method, uri): (&str, &str),
        cnonce: &str,
    ) -> String {
        self.count = self.count.wrapping_add(1);
        let (hash, realm, nonce) = (self.algorithm, &self.realm, &self.nonce);
        let mut a1 = format!("{username}:{realm}:{password}");
        if self.session {
            a1 = format!("{}:{nonce}:{cnonce}", hash.hex(&a1));
        }
        let (a1, a2) = (hash.hex(&a1), hash.hex(&format!("{method}:{uri}")));
        let count = format!("{:08x}", self.count);
        let response = match self.qop_auth {
            true => hash.hex(&format!("{a1}:{nonce}:{count}:{cnonce}:auth:{a2}")),
            false => hash.hex(&format!("{a1}:{nonce}:{a2}")),
        };
        let user = match self.userhash {
            true => hash.hex(&format!("{username}:{realm}")),
            false => username.to_owned(),
        };
        let mut value = format!(
            "Digest username={}, realm={}, uri={}",
            quoted(&user),
            quoted(realm),
            quoted(uri)
        );
        if let Some(written) = &self.written {
            value.push_str(&format!(", algorithm={written}"));
        }
        value.push_str(&format!(", nonce={}", quoted(nonce)));
        if self.qop_auth {
            value.push_str(&format!(", nc={count}, cnonce={}, qop=auth", quoted(cnonce)));
        } else if self.session {
            value.push_str(&format!(", cnonce={}", quoted(cnonce)));
        }
        value.push_str(&format!(", response=\"{response}\""));
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque={}", quoted(opaque)));
        }
        if self.userhash {
            value.push_str(", userhash=true");
        }
        value
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns the parameters of each Digest challenge in one header line, which may hold
/// challenges of several schemes (RFC 9110 §11.6.1).
fn challenges(line: &str) -> Vec<Vec<(String, String)>> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut in_digest = false;
    for piece in split_outside_quotes(line) {
        let mut piece = piece.trim();
        // A scheme's name stands before its first parameter, with a space between.
        let before_value = piece.split('=').next().unwrap_or(piece).trim_end();
        if let Some((scheme, rest)) = before_value
            .split_once(char::is_whitespace)
            .map(|(scheme, _)| (scheme, piece.get(scheme.len()..).unwrap_or("").trim_start()))
        {
            in_digest = scheme.eq_ignore_ascii_case("digest");
            if in_digest {
                found.push(Vec::new());
            }
            piece = rest;
        } else if !piece.contains('=') {
            in_digest = false;
        }
        if let (true, Some((name, value)), Some(last)) =
            (in_digest, piece.split_once('='), found.last_mut())
        {
            last.push((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    found
}

fn split_outside_quotes(line: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (offset, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                pieces.extend(line.get(start..offset));
                start = offset + 1;
            }
            _ => {}
        }
    }
    pieces.extend(line.get(start..));
    pieces
}

fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        headers
    }

    const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");
    const GET: (&str, &str) = ("GET", "/dir/index.html");

    #[test]
    fn md5_passes_the_test_suite_of_rfc_1321() {
        for (message, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f",
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(DigestAlgorithm::Md5.hex(message), digest, "{message}");
        }
    }

    #[test]
    fn the_examples_of_rfc_7616() {
        let challenge = |algorithm: &str| {
            format!(
                r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},
                nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
            )
            .replace('\n', " ")
        };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let mut challenge = Challenge::of(&headers(&[&challenge(algorithm)])).unwrap();
            let answer = challenge.authorization(MUFASA, GET, cnonce);
            assert_eq!(
                answer,
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                     uri=\"/dir/index.html\", algorithm={algorithm}, \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                     cnonce=\"{cnonce}\", qop=auth, response=\"{response}\", \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
                )
            );
            assert!(challenge.authorization(MUFASA, GET, cnonce).contains("nc=00000002"));
        }
        // The stronger of the two is answered, whichever comes first.
        let both = headers(&[&challenge("SHA-256"), &challenge("MD5")]);
        assert_eq!(Challenge::of(&both).unwrap().algorithm, DigestAlgorithm::Sha256);
    }

    #[test]
    fn the_example_of_rfc_2617_and_one_without_qop() {
        let line = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
                    nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                    opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let user = ("Mufasa", "Circle Of Life");
        let mut challenge = Challenge::of(&headers(&[line])).unwrap();
        let answer = challenge.authorization(user, GET, "0a4f113b");
        assert!(answer.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{answer}");
        assert!(!answer.contains("algorithm"));
        let line = line.replace("qop=\"auth,auth-int\", ", "");
        let answer =
            Challenge::of(&headers(&[&line])).unwrap().authorization(user, GET, "0a4f113b");
        assert!(answer.contains("response=\"670fd8c2df070c60b045671b8b24ff02\""), "{answer}");
        assert!(!answer.contains("nc="));
    }

    #[test]
    fn a_challenge_is_found_among_others_and_what_cannot_be_answered_is_none() {
        let line = r#"Basic realm="a, Digest b=\"c\"", Negotiate, Digest realm="x\"y", nonce=n, Bearer error="e""#;
        let challenge = Challenge::of(&headers(&[line])).unwrap();
        assert_eq!((challenge.realm.as_str(), challenge.nonce.as_str()), ("x\"y", "n"));
        assert_eq!(challenge.opaque, None);
        for line in [
            "Basic realm=\"a\"",
            "Digest realm=\"a\"",
            "Digest nonce=\"n\"",
            "Digest realm=\"a\", nonce=\"n\", algorithm=SHA-1",
            "Digest realm=\"a\", nonce=\"n\", qop=\"auth-int\"",
        ] {
            assert_eq!(Challenge::of(&headers(&[line])), None, "{line}");
        }
    }
}

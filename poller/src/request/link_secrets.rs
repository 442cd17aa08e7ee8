//! Our own credentials in a vendor's next link.
//!
//! Some vendors repeat the query of a request in the link to the next page. The link goes into the
//! cursor, where people read it. So what came from a secret is taken out before that, and put in
//! again when the link is followed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mef_ports::{Secret, SetupDone};
use mef_source::Path;
use mef_source::checked::{Partitions, Poll, PollAuth};
use url::{Host, Url, form_urlencoded};

use crate::request::render::uses_secret;
use crate::request::scope::{Partition, RequestScope, RunVariables};
use crate::request::urls::{first_url, parameter_name};

/// Returns the link without what came from a secret. A parameter of `auth` goes as a whole, since
/// it is put on each request anyway. A parameter of the request stays where it is, empty. Every
/// other byte of the query stays, since tokens may depend on it.
pub(crate) fn without_secrets(mut link: Url, poll: &Poll) -> Url {
    let Some(query) = link.query() else { return link };
    let ours = secret_parameters(poll);
    let kept: Vec<_> = query
        .split('&')
        .filter_map(|piece| match parameter_name(piece) {
            Some(key) if is_credential(&key, &poll.auth) => None,
            Some(key) if ours.contains(&key) => Some(begin(piece)),
            _ => Some(piece),
        })
        .collect();
    let kept = kept.join("&");
    link.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    link
}

/// Returns the link with what [`without_secrets`] took out, if it leads to an origin that these
/// secrets are for. `first` is the request that has them.
pub(crate) fn with_secrets(mut link: Url, poll: &Poll, first: &Url) -> Url {
    let Some(query) = link.query() else { return link };
    if !poll.is_own(&link) {
        return link;
    }
    let ours = secret_parameters(poll);
    let values: BTreeMap<_, _> =
        first.query_pairs().filter(|(name, _)| ours.contains(name.as_ref())).collect();
    let whole: Vec<_> = query
        .split('&')
        .map(|piece| match parameter_name(piece).and_then(|key| values.get(key.as_str())) {
            None => piece.to_owned(),
            Some(value) => {
                let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                format!("{}{value}", begin(piece))
            }
        })
        .collect();
    link.set_query(Some(&whole.join("&")));
    link
}

/// Checks that the page at `page` may lead to `link`. The error says why not and what to do.
pub(crate) fn may_follow(poll: &Poll, page: &Url, link: &Url) -> Result<(), &'static str> {
    let is_weaker = page.scheme() == "https" && link.scheme() != "https";
    if is_weaker || is_inside(link) && !is_inside(page) && !poll.may_ask(link) {
        return Err(
            "it is not encrypted, or leads to an internal host: if the vendor is behind a proxy and only \
             the query of its link counts, write `take: query` under `next`",
        );
    }
    if !poll.may_ask(link) {
        return Err(
            "it is not one of the source's own origins: list it under `own_origins` if the \
             credential is for it too, or else under `allow_origins`; if only the query of the link \
             counts, write `take: query` under `next`",
        );
    }
    if !poll.credential_may_go(page) && poll.credential_may_go(link) {
        return Err(
            "it leads back from an origin without the credential to one with it: list both \
                    under `own_origins` if it is for both",
        );
    }
    Ok(())
}

/// Returns whether the link names a host that no public name server knows: an address, or a name
/// without a dot.
fn is_inside(link: &Url) -> bool {
    match link.host() {
        Some(Host::Domain(name)) => !name.contains('.'),
        _ => true,
    }
}

/// Returns the URL for a request without the credential: removes query parameters of ours that hold
/// a secret, or that repeat a value of the request `asked`. A parameter of the same name that the
/// vendor made stays.
pub(crate) fn without_repeated(
    mut url: Url,
    poll: &Poll,
    asked: &Url,
    is_secret: impl Fn(&str) -> bool,
) -> Url {
    let Some(query) = url.query() else { return url };
    let ours = secret_parameters(poll);
    let repeats = |piece: &str| {
        let Some((key, value)) = form_urlencoded::parse(piece.as_bytes()).next() else {
            return false;
        };
        let is_ours = is_credential(&key, &poll.auth) || ours.contains(key.as_ref());
        is_ours && (is_secret(&value) || asked.query_pairs().any(|(k, v)| k == key && v == value))
    };
    let kept = query.split('&').filter(|piece| !repeats(piece)).collect::<Vec<_>>().join("&");
    url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    url
}

/// Returns a piece of a query up to its value.
fn begin(piece: &str) -> &str {
    piece.split_inclusive('=').next().unwrap_or(piece)
}

fn is_credential(key: &str, auth: &PollAuth) -> bool {
    auth.query_name() == Some(key)
}

/// Returns the parameters that depend on a secret, wherever the source file writes them: those that
/// differ when the secrets do.
fn secret_parameters(poll: &Poll) -> BTreeSet<String> {
    let set_up = poll.setup.iter().flat_map(|step| &step.values);
    let listed = match &poll.partitions {
        Some(Partitions::Request(listed)) => listed.values.as_slice(),
        _ => &[],
    };
    let request = &poll.pages.request;
    let base = request.led_by().map(Path::name);
    let value = |name: &str| match base == Some(name) {
        true => format!("{}/", request.origin),
        false => "0".to_owned(),
    };
    let valued = |(name, _): &(String, Path)| (name.clone(), value(name));
    let partition = Partition {
        name: "0".to_owned(),
        values: listed.iter().map(valued).collect(),
        missing: None,
    };
    let setup = SetupDone {
        steps: poll.setup.len(),
        at: Timestamp::UNIX_EPOCH,
        values: set_up.map(valued).collect(),
        request_digest: String::new(),
        doubtful: false,
    };
    let with = |value: &str| {
        let secrets: BTreeMap<_, _> =
            poll.secret_names().map(|name| (name, Secret::new(value))).collect();
        let scope = RequestScope {
            window: Some((Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)),
            window_since: Some(Timestamp::UNIX_EPOCH),
            cursor_token: Some("0"),
            cursor_start: Some(Timestamp::UNIX_EPOCH),
            cursor_time: Some(Timestamp::UNIX_EPOCH),
            cursor_id: Some("0"),
            partition: Some(&partition),
            setup: Some(&setup),
            ..RequestScope::new(&secrets, RunVariables { id: "0", started: Timestamp::UNIX_EPOCH })
        };
        let url = first_url(poll, &poll.pages, &scope).ok()?;
        Some(url.query_pairs().into_owned().collect::<Vec<(String, String)>>())
    };
    let requests = poll.requests().into_iter();
    let written = requests.flat_map(|request| &request.query);
    let written = written.filter(|(_, template)| uses_secret(template));
    let mut names: BTreeSet<_> = written.map(|(name, _)| name.clone()).collect();
    if let Some((one, other)) = with("a").zip(with("b")) {
        let pairs = one.into_iter().zip(other);
        names.extend(pairs.filter(|(one, other)| one != other).map(|((name, _), _)| name));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(auth: &str, get: &str, query: &str) -> Poll {
        let file = format!(
            "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {auth}\n  \
             request: {{ get: \"https://api.example.com/logs{get}\", query: {{ since: \"{{window.start}}\"{query} }} }}\n  \
             next: {{ url: next }}\n  records: items\n  cursor: {{ time: t, overlap: 1s }}\n"
        );
        mef_source::load(&file, &|_| Err(String::new())).unwrap().source.poll.unwrap()
    }

    fn url(rest: &str) -> Url {
        Url::parse(&format!("https://api.example.com/logs{rest}")).unwrap()
    }

    #[test]
    fn the_credential_of_auth_goes_as_a_whole() {
        let by_query = poll("{ query: { name: api_key, value: \"{secret.key}\" } }", "", "");
        for (link, kept) in [
            ("?a=%2f+x&api_key=s3cr3t&page=2", "?a=%2f+x&page=2"),
            ("?api%5Fkey=s3cr3t", ""),
            ("?api_keys=1", "?api_keys=1"),
        ] {
            assert_eq!(without_secrets(url(link), &by_query), url(kept));
        }
        let by_header = poll("{ bearer: \"{secret.key}\" }", "", "");
        assert_eq!(without_secrets(url("?api_key=1"), &by_header), url("?api_key=1"));
    }

    #[test]
    fn a_parameter_that_reads_a_secret_is_kept_without_it_and_gets_it_again() {
        for (get, query) in [("", ", key: \"x {secret.key|base64}\""), ("?key={secret.key}", "")] {
            let poll = poll("{ bearer: \"{secret.key}\" }", get, query);
            let hidden = without_secrets(url("?a=%2f+x&key=s3cr3t&k%65y=s3cr3t&page=2"), &poll);
            assert_eq!(hidden, url("?a=%2f+x&key=&k%65y=&page=2"));
            let first = url("?key=n%26ew&since=1");
            let followed = with_secrets(hidden, &poll, &first);
            assert_eq!(followed, url("?a=%2f+x&key=n%26ew&k%65y=n%26ew&page=2"));
            // A link that never had it does not get it.
            assert_eq!(with_secrets(url("?since=3"), &poll, &first), url("?since=3"));
        }
    }

    #[test]
    fn a_secret_beside_what_was_set_up_is_found_too() {
        let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
                    setup: [{ request: { post: \"https://api.example.com/jobs\" }, values: { job: id } }]\n  \
                    request: { get: \"https://api.example.com/jobs/{setup.job}?key={secret.key}\", query: { since: \"{window.start}\" } }\n  \
                    next: { url: next }\n  records: items\n  cursor: { time: t, overlap: 1s }\n";
        let poll = mef_source::load(file, &|_| Err(String::new())).unwrap().source.poll.unwrap();
        assert_eq!(without_secrets(url("?key=s3cr3t&page=2"), &poll), url("?key=&page=2"));
    }

    #[test]
    fn a_secret_is_found_where_an_answer_named_the_origin() {
        let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
                    own_origins: [\"https://api.example.com\"]\n  \
                    setup: [{ request: { get: \"https://api.example.com/me\" }, values: { base: host } }]\n  \
                    request: { get: \"{setup.base}/logs?key={secret.key}\", query: { since: \"{window.start}\" } }\n  \
                    next: { url: next }\n  records: items\n  cursor: { time: t, overlap: 1s }\n";
        let poll = mef_source::load(file, &|_| Err(String::new())).unwrap().source.poll.unwrap();
        assert_eq!(without_secrets(url("?key=s3cr3t&page=2"), &poll), url("?key=&page=2"));
    }

    #[test]
    fn a_secret_is_found_where_what_was_listed_named_the_origin() {
        let file = "source: acme\npoll:\n  schedule: rate(1 minute)\n  \
                    own_origins: [\"https://api.example.com\"]\n  \
                    partitions:\n    request: { name: \"{id}\", values: { base: host, id: id }, request: { get: \"https://api.example.com/orgs\" }, records: orgs }\n  \
                    request: { get: \"{partition.base}/logs/{partition.id}?key={secret.key}\", query: { since: \"{window.start}\" } }\n  \
                    next: { url: next }\n  records: items\n  cursor: { time: t, overlap: 1s }\n";
        let poll = mef_source::load(file, &|_| Err(String::new())).unwrap().source.poll.unwrap();
        assert_eq!(without_secrets(url("?key=s3cr3t&page=2"), &poll), url("?key=&page=2"));
    }

    #[test]
    fn another_origin_gets_no_secret() {
        let poll = poll("{ bearer: \"{secret.key}\" }", "", ", key: \"{secret.key}\"");
        let elsewhere = Url::parse("https://cdn.example.com/logs?key=").unwrap();
        assert_eq!(with_secrets(elsewhere.clone(), &poll, &url("?key=s3cr3t")), elsewhere);
    }
}

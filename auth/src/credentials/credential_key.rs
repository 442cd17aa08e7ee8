//! The name of a credential.

use std::collections::BTreeSet;

use mef_source::checked::PollAuth;

/// Names the credential of `source`, under which rate limits are shared. Streams with
/// the same credential share the key. It changes if the file names another secret, and
/// holds no secret value.
pub fn credential_key(source: &str, auth: &PollAuth) -> String {
    let kind = match auth {
        PollAuth::Nothing => return format!("{source}/nothing"),
        PollAuth::Header { name, .. } => format!("header:{}", name.to_ascii_lowercase()),
        PollAuth::Query { name, .. } => format!("query:{name}"),
        PollAuth::Cookie { name, .. } => format!("cookie:{name}"),
        other => other.kind().to_owned(),
    };
    let mut names = auth.secret_names();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    format!("{source}/{kind}/{}", names.join("+"))
}

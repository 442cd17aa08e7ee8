//! Puts what a source says differently into a preset's checks.
//!
//! A key goes into every check that has it, so `secrets` reaches all of a
//! preset's alternatives. A key that no check has goes into the first check; if
//! that is a choice of alternatives, into each of them, because one without it
//! would be weaker than the others. Objects are merged, everything else is
//! replaced.

use crate::located::Located;
use crate::node::Node;

type Object = Vec<(String, Located<Node>)>;

/// The key whose object holds exactly one choice: the source's choice replaces
/// the preset's.
const CHOICE: &str = "keys";

/// The key of the secrets that signed.
const SECRETS: &str = "secrets";

/// Returns `checks` with `key` set to the source's `value`.
pub(crate) fn overridden(
    checks: Vec<Located<Node>>,
    key: &str,
    value: &Located<Node>,
) -> Vec<Located<Node>> {
    let mut is_placed = false;
    let checks = edited(checks, &mut |body| {
        if let Some((_, old)) = body.iter_mut().find(|(known, _)| known == key) {
            *old = if key == CHOICE { value.clone() } else { merged(old, value) };
            is_placed = true;
        } else if let Some(keys) = replaced_keys(body, key, value) {
            *body = keys;
            is_placed = true;
        }
    });
    if is_placed {
        return checks;
    }
    added(checks, &mut |body| body.push((key.to_owned(), value.clone())))
}

/// Returns the keys of a token's check whose secrets are written in the other of two ways: `secrets`, and
/// `keys` with `secrets` in it. Secrets rotate in the same way whatever the check is.
fn replaced_keys(body: &Object, key: &str, value: &Located<Node>) -> Option<Object> {
    let (_, old) = body.iter().find(|(known, _)| match key {
        SECRETS => known == CHOICE,
        CHOICE => known == SECRETS && body.iter().any(|(known, _)| known == "algorithms"),
        _ => false,
    })?;
    if key == SECRETS {
        old.key(SECRETS)?;
    }
    let others = body.iter().filter(|(known, _)| known != CHOICE && known != SECRETS).cloned();
    Some(others.chain([(key.to_owned(), value.clone())]).collect())
}

/// Edits the first check. If it is made of others (`all`), edits the first of
/// those; if it is a choice (`any`), each of them.
fn added(mut checks: Vec<Located<Node>>, edit: &mut dyn FnMut(&mut Object)) -> Vec<Located<Node>> {
    let Some(first) = checks.first_mut() else { return checks };
    *first = match first.choice() {
        Some((kind @ ("any" | "all"), body)) => {
            let Node::List(inner) = &**body else { return checks };
            let inner = match kind {
                "any" => inner.iter().flat_map(|one| added(vec![one.clone()], edit)).collect(),
                _ => added(inner.clone(), edit),
            };
            first.with(Node::Object(vec![(kind.to_owned(), body.with(Node::List(inner)))]))
        }
        _ => match edited(vec![first.clone()], edit).pop() {
            Some(edited) => edited,
            None => return checks,
        },
    };
    checks
}

/// Edits the keys of every check, also of those inside `any` and `all`.
fn edited(checks: Vec<Located<Node>>, edit: &mut dyn FnMut(&mut Object)) -> Vec<Located<Node>> {
    checks
        .into_iter()
        .map(|check| {
            let Some((kind, body)) = check.choice() else { return check };
            let body = match (kind, &**body) {
                ("any" | "all", Node::List(inner)) => {
                    body.with(Node::List(edited(inner.clone(), edit)))
                }
                (_, keys @ (Node::Object(_) | Node::Null)) => {
                    let mut keys = match keys {
                        Node::Object(keys) => keys.clone(),
                        _ => Vec::new(),
                    };
                    edit(&mut keys);
                    body.with(Node::Object(keys))
                }
                _ => body.clone(),
            };
            check.with(Node::Object(vec![(kind.to_owned(), body)]))
        })
        .collect()
}

fn merged(old: &Located<Node>, new: &Located<Node>) -> Located<Node> {
    let (Node::Object(old_keys), Node::Object(new_keys)) = (&**old, &**new) else {
        return new.clone();
    };
    let mut keys = old_keys.clone();
    for (key, value) in new_keys {
        match keys.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = merged(old, value),
            None => keys.push((key.clone(), value.clone())),
        }
    }
    old.with(Node::Object(keys))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn node(text: &str) -> Located<Node> {
        serde_saphyr::from_str(text).unwrap()
    }

    fn with(checks: &str, key: &str, value: &str) -> Value {
        let Node::List(checks) = (*node(checks)).clone() else { panic!("{checks}") };
        serde_json::to_value(overridden(checks, key, &node(value))).unwrap()
    }

    const NESTED: &str = "[ { any: [ { hmac: { secrets: [a] } }, { all: [ { token: { secrets: [b] } }, { ip: { allow: [c] } } ] } ] } ]";

    #[test]
    fn a_key_reaches_every_check_that_has_it() {
        assert_eq!(
            with(NESTED, "secrets", "[new, old]"),
            json!([{ "any": [
                { "hmac": { "secrets": ["new", "old"] } },
                { "all": [{ "token": { "secrets": ["new", "old"] } }, { "ip": { "allow": ["c"] } }] }
            ]}])
        );
    }

    #[test]
    fn a_key_that_is_nowhere_goes_into_every_alternative_so_that_none_is_weaker() {
        let any = &with(NESTED, "text", "x")[0]["any"];
        assert_eq!(any[0]["hmac"]["text"], "x");
        assert_eq!(any[1]["all"][0]["token"]["text"], "x");
        assert!(!any[1]["all"][1].to_string().contains("text"));
    }

    #[test]
    fn of_two_ways_to_have_keys_only_that_of_the_source_is_left() {
        let checks = "[ { jwt: { keys: { jwks_url: a }, claims: { b: 1 } } } ]";
        assert_eq!(
            with(checks, "keys", "{ secrets: [s] }"),
            json!([{ "jwt": { "keys": { "secrets": ["s"] }, "claims": { "b": 1 } } }])
        );
    }

    #[test]
    fn the_secrets_of_a_token_rotate_however_they_are_written() {
        let nested = "[ { jwt: { keys: { secrets: [a] }, claims: { b: 1 } } } ]";
        let plain =
            "[ { jwt: { algorithms: [HS256], secrets: [a] } }, { hmac: { secrets: [a] } } ]";
        assert_eq!(
            with(nested, "secrets", "[new, old]"),
            json!([{ "jwt": { "claims": { "b": 1 }, "secrets": ["new", "old"] } }])
        );
        assert_eq!(
            with(plain, "keys", "{ secrets: [new] }"),
            json!([
                { "jwt": { "algorithms": ["HS256"], "keys": { "secrets": ["new"] } } },
                { "hmac": { "secrets": ["a"] } }
            ])
        );
        // Published keys are no secrets.
        assert_eq!(
            with("[ { jwt: { keys: { jwks_url: u } } } ]", "secrets", "[s]")[0]["jwt"]["keys"],
            json!({ "jwks_url": "u" })
        );
    }

    #[test]
    fn a_key_that_is_nowhere_goes_into_the_first_check_also_an_empty_one() {
        assert_eq!(
            with("[ { aws_sns: {} }, { aws_sns: {} } ]", "topics", "[t]"),
            json!([{ "aws_sns": { "topics": ["t"] } }, { "aws_sns": {} }])
        );
        assert_eq!(
            with("[ { aws_sns: } ]", "topics", "[t]"),
            json!([{ "aws_sns": { "topics": ["t"] } }])
        );
    }

    #[test]
    fn objects_are_merged_at_every_depth_and_the_rest_is_replaced() {
        let checks = "[ { jwt: { digest: { a: { b: 1, c: 2 }, d: [3, 4] } } } ]";
        assert_eq!(
            with(checks, "digest", "{ a: { c: 5, e: 6 }, d: [7] }")[0]["jwt"]["digest"],
            json!({ "a": { "b": 1, "c": 5, "e": 6 }, "d": [7] })
        );
        assert_eq!(with(checks, "digest", "none")[0]["jwt"]["digest"], "none");
    }
}

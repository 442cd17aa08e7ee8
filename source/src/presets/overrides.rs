//! What a source says differently, put into a preset's checks.
//!
//! A key goes into every check that has it, so that `secrets` reaches the
//! alternatives of a preset too; one that none has goes into the first. Maps
//! are merged, all else is replaced.

use crate::written::{Located, Node};

type Object = Vec<(String, Located<Node>)>;

/// `checks` with `key` as the source has it.
pub(crate) fn overridden(
    checks: Vec<Located<Node>>,
    key: &str,
    value: &Located<Node>,
) -> Vec<Located<Node>> {
    let mut is_placed = false;
    let checks = edited(checks, &mut |body| {
        if let Some((_, old)) = body.iter_mut().find(|(known, _)| known == key) {
            *old = merged(old, value);
            is_placed = true;
        }
    });
    edited(checks, &mut |body| {
        if !is_placed {
            body.push((key.to_owned(), value.clone()));
            is_placed = true;
        }
    })
}

/// Every check, also those within others, with its keys edited.
fn edited(checks: Vec<Located<Node>>, edit: &mut dyn FnMut(&mut Object)) -> Vec<Located<Node>> {
    checks
        .into_iter()
        .map(|check| {
            let Some((kind, body)) = check.choice() else { return check };
            let body = match (kind, &**body) {
                ("any" | "all", Node::List(inner)) => {
                    body.with(Node::List(edited(inner.clone(), edit)))
                }
                (_, Node::Object(keys)) => {
                    let mut keys = keys.clone();
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

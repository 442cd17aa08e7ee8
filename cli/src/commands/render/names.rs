//! Logical ids of sources. CloudFormation takes only letters and digits. The id of a source must not
//! depend on the other sources, or a new source would replace another's resources.

use aws_lc_rs::digest::{SHA256, digest};

/// Returns the source's name as part of a logical id: `okta-audit` gives `OktaAudit`.
///
/// Names with `_`, or with a `-` that no letter follows, would clash in camel case, so their ids end
/// with a digest of the name.
pub(super) fn logical_id(name: &str) -> String {
    let mut id = String::new();
    let mut plain = true;
    let mut after_dash = true;
    for character in name.chars() {
        if matches!(character, '-' | '_') {
            plain &= character == '-' && !after_dash;
            after_dash = true;
        } else if after_dash {
            plain &= id.is_empty() || character.is_ascii_lowercase();
            id.push(character.to_ascii_uppercase());
            after_dash = false;
        } else {
            id.push(character);
        }
    }
    if !plain || after_dash {
        let mut hex = hex::encode(digest(&SHA256, name.as_bytes()));
        hex.truncate(8);
        id.push('X');
        id.push_str(&hex);
    }
    id
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_that_camel_case_cannot_tell_apart_have_ids_of_their_own() {
        assert_eq!(logical_id("okta"), "Okta");
        assert_eq!(logical_id("okta-audit-log"), "OktaAuditLog");
        assert_eq!(logical_id("1password"), "1password");
        let alike = ["a-b", "a_b", "a--b", "ab", "a-b-", "a-b_", "a-1", "a1", "a_1"];
        let ids: BTreeSet<_> = alike.iter().map(|name| logical_id(name)).collect();
        assert_eq!(ids.len(), alike.len(), "{ids:?}");
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}

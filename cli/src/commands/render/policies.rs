//! The secrets that a function may read or store, each by its exact ARN: the poller cannot read the
//! secrets of webhooks, and no stack can read those of another.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::bail;
use mef_source::Source;
use mef_source::checked::{Handshake, Poll, Webhook};

/// A managed policy takes 6,144 characters; some of them are not the ARNs'.
const LARGEST: usize = 5_800;
/// The length of the rest of an ARN, with the longest names of partition, region, project and stage.
const ARN_AROUND: usize = 100;
/// How many managed policies IAM attaches to a role, unless a higher quota is asked for.
const MOST: usize = 10;
/// A permission: the statement's name, the verb for people, the action.
const READ: (&str, &str, &str) = ("ReadSecrets", "read", "ssm:GetParameters");
/// Some handshakes store the secret that the sender brings, once. Some vendors change a refresh token
/// with each use: the new one is stored.
const STORE: (&str, &str, &str) = ("StoreSecrets", "store", "ssm:PutParameter");
/// The roles that read the secrets of webhooks. Not every stack has an authorizer.
const WEBHOOK_ROLES: &str =
    "!If [HasAuthorizer, !Ref AuthorizerRole, !Ref \"AWS::NoValue\"], !Ref HandlerRole";
/// What stores a secret needs of a key of one's own. Parameter Store asks for a data key if the
/// account's default is its advanced tier.
const ENCRYPT: &str = "        - !If
          - HasSecretsKmsKey
          - Sid: EncryptSecrets
            Effect: Allow
            Action: [kms:Encrypt, kms:GenerateDataKey]
            Resource: !Ref SecretsKmsKeyArn
            Condition: { StringEquals: { kms:ViaService: !Sub \"ssm.${AWS::Region}.amazonaws.com\" } }
          - !Ref AWS::NoValue
";

/// Returns the policies for webhooks and polls.
pub(super) fn of(sources: &[Arc<Source>]) -> anyhow::Result<String> {
    let pushed =
        secrets(sources, |source| source.webhook.iter().flat_map(Webhook::secret_names).collect());
    let pulled =
        secrets(sources, |source| source.poll.iter().flat_map(Poll::secret_names).collect());
    let stored = secrets(sources, |source| {
        let rules = source.webhook.iter().flat_map(|webhook| &webhook.handshake);
        rules.filter_map(Handshake::stores).map(str::to_owned).collect()
    });
    let rotated = secrets(sources, |source| {
        source
            .poll
            .iter()
            .filter_map(|poll| poll.auth.rotated_secret().map(str::to_owned))
            .collect()
    });
    let mut text = String::new();
    write(&mut text, "WebhookSecrets", READ, WEBHOOK_ROLES, &pushed)?;
    write(&mut text, "StoredSecrets", STORE, "!Ref HandlerRole", &stored)?;
    write(&mut text, "PollSecrets", READ, "!Ref PollerRole", &pulled)?;
    write(&mut text, "RotatedSecrets", STORE, "!Ref PollerRole", &rotated)?;
    Ok(text)
}

/// Returns the source and name of each secret, once, in order.
fn secrets(sources: &[Arc<Source>], names: impl Fn(&Source) -> Vec<String>) -> Vec<(&str, String)> {
    let mut all: Vec<_> = sources
        .iter()
        .flat_map(|source| names(source).into_iter().map(|name| (source.name.as_str(), name)))
        .collect();
    all.sort();
    all.dedup();
    all
}

fn write(
    text: &mut String,
    id: &str,
    (sid, verb, action): (&str, &str, &str),
    roles: &str,
    secrets: &[(&str, String)],
) -> anyhow::Result<()> {
    let policies = split(secrets);
    if policies.len() > MOST {
        bail!(
            "{id}: the {} secrets need {} policies, and IAM attaches {MOST} to a role: deploy some of the sources as a service of their own",
            secrets.len(),
            policies.len()
        );
    }
    for (policy, number) in policies.iter().zip(1..) {
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "
{id}{number}:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    Path: !Sub \"/${{Project}}-${{Service}}-${{Stage}}/\"
    Description: The secrets that the functions may {verb}, each by its name
    Roles: [{roles}]
    PolicyDocument:
      Version: \"2012-10-17\"
      Statement:
        - Sid: {sid}
          Effect: Allow
          Action: {action}
          Resource:
"
        );
        for (source, name) in *policy {
            let _ = writeln!(
                text,
                "            - !Sub \"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/${{Project}}/{source}/${{Stage}}/{name}\""
            );
        }
        if (sid, verb, action) == STORE {
            text.push_str(ENCRYPT);
        }
    }
    Ok(())
}

/// Splits the secrets into as few policies as hold them all.
fn split<'s, 'n>(secrets: &'s [(&'n str, String)]) -> Vec<&'s [(&'n str, String)]> {
    let mut runs = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, (source, name)) in secrets.iter().enumerate() {
        let arn = ARN_AROUND + source.len() + name.len();
        if size + arn > LARGEST {
            runs.extend(secrets.get(start..at));
            (start, size) = (at, 0);
        }
        size += arn;
    }
    runs.extend(secrets.get(start..).filter(|run| !run.is_empty()));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_split_over_policies_and_none_is_left_out() {
        assert!(split(&[]).is_empty());
        let all: Vec<_> = (0..120).map(|i| ("source", format!("secret_{i:03}"))).collect();
        let runs = split(&all);
        assert_eq!(runs.len(), 3);
        assert_eq!(runs.concat(), all);
        let longest: usize = runs.iter().map(|run| run.len() * (ARN_AROUND + 16)).max().unwrap();
        assert!(longest <= LARGEST);
        let many: Vec<_> = (0..600).map(|i| ("source", format!("secret_{i:03}"))).collect();
        let error =
            write(&mut String::new(), "PollSecrets", READ, "!Ref PollerRole", &many).unwrap_err();
        assert!(error.to_string().contains("the 600 secrets need 12 policies"), "{error}");
    }
}

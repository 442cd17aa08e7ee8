//! What an `aws_sns` check means.
//!
//! The signature proves that SNS sent a message. Anybody with an account can make
//! SNS send one here, so only the topic proves that it is ours.

use super::kind::{Kind, Proof};
use crate::checked::checker::{Checker, Told};
use crate::written::{self, Located};

/// The signature of Amazon SNS.
#[derive(Clone, Debug)]
pub struct AwsSns {
    /// The ARNs of the accepted topics; never empty.
    pub topics: Vec<String>,
    /// The hosts, or the domains of the hosts, that certificates may come from, in
    /// lower case; empty for those of SNS.
    pub cert_hosts: Vec<String>,
}

/// Amazon's domains.
const AMAZON: &str = "amazonaws.com";
const AMAZON_CHINA: &str = "amazonaws.com.cn";

impl AwsSns {
    /// Returns whether certificates may come from `host`, which is in lower case: it is
    /// one of SNS or, if there are `cert_hosts`, one of these or under one.
    pub fn trusts(&self, host: &str) -> bool {
        match self.cert_hosts.as_slice() {
            [] => is_sns(host),
            hosts => hosts.iter().any(|listed| host == listed || labels(host, listed).is_some()),
        }
    }
}

impl Kind for AwsSns {
    fn key(&self) -> &'static str {
        "aws_sns"
    }

    fn proof(&self) -> Proof {
        Proof::Signature
    }
}

/// Reads an `aws_sns` check.
pub(crate) fn check(
    written: &Located<written::AwsSns>,
    checker: &mut Checker<'_>,
) -> Result<AwsSns, Told> {
    let Some(topics) = written.topics.as_ref().filter(|topics| !topics.is_empty()) else {
        return Err(checker.error_with(
            written.topics.as_ref().map_or(written.place(), Located::place),
            "the check names no topic",
            "anybody can have SNS sign messages of a topic of their own; list yours, such as `topics: [\"arn:aws:sns:eu-west-1:123456789012:events\"]`",
        ));
    };
    for topic in topics.iter().filter(|topic| !is_topic(topic)) {
        checker.error_with(
            topic.place(),
            format!("`{}` is not the ARN of a topic", &**topic),
            "write it whole, such as `arn:aws:sns:eu-west-1:123456789012:events`; there are no wildcards",
        );
    }
    let hosts = written.cert_host.as_ref();
    let cert_hosts: Vec<_> = hosts
        .iter()
        .flat_map(|hosts| hosts.iter())
        .map(|(host, _)| host.to_ascii_lowercase())
        .collect();
    if let Some(hosts) = hosts
        && (cert_hosts.is_empty() || !cert_hosts.iter().all(|host| is_host(host)))
    {
        checker.error_with(
            hosts.place(),
            "`cert_host` is not a host or domain that certificates can be trusted from",
            "write names such as `sns.eu-west-1.amazonaws.com`, without a scheme or port, or leave it out",
        );
    }
    if let Some(hosts) = hosts
        && let Some(shared) = cert_hosts.iter().find(|host| is_shared(host))
    {
        checker.error_with(
            hosts.place(),
            format!("anybody can have a name under `{shared}`, and put a certificate there"),
            "buckets and load balancers have names there too; write the host of SNS whole, such as `sns.eu-west-1.amazonaws.com`, or leave `cert_host` out",
        );
    }
    Ok(AwsSns { topics: topics.iter().map(|topic| (**topic).clone()).collect(), cert_hosts })
}

/// Returns whether `arn` is `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
fn is_topic(arn: &str) -> bool {
    let parts: Vec<_> = arn.split(':').collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    parts.len() == 6
        && parts.first() == Some(&"arn")
        && parts.get(2) == Some(&"sns")
        && parts.iter().all(plain)
}

/// Returns whether `host` is a name with two labels or more. A single label, such as
/// `com`, would match everybody.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    host.contains('.') && host.split('.').all(label)
}

/// Returns whether `host` is in Amazon's domains and is not the host of SNS: customers have names there.
fn is_shared(host: &str) -> bool {
    let is_amazon = [AMAZON, AMAZON_CHINA]
        .iter()
        .any(|domain| host == *domain || labels(host, domain).is_some());
    is_amazon && !is_sns(host)
}

/// Returns whether it is `sns.REGION.amazonaws.com`, in China with `.cn`.
///
/// Buckets have names under `amazonaws.com` too (`sns.s3.amazonaws.com`), and anybody can have one that
/// is called `sns`: so the region must have the shape of one.
fn is_sns(host: &str) -> bool {
    let Some(rest) = host.strip_prefix("sns.") else { return false };
    match labels(rest, AMAZON_CHINA) {
        Some(region) => is_region(region) && region.starts_with("cn-"),
        None => labels(rest, AMAZON)
            .is_some_and(|region| is_region(region) && !region.starts_with("cn-")),
    }
}

/// Returns the labels of `host` before `.domain`.
fn labels<'h>(host: &'h str, domain: &str) -> Option<&'h str> {
    host.strip_suffix(domain)?.strip_suffix('.')
}

/// Returns whether `text` has the shape of an AWS region's code, such as `us-east-1` and `us-gov-west-1`:
/// two letters, words, a number
/// (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>).
fn is_region(text: &str) -> bool {
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_number = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [country, words @ .., number] => {
            country.len() == 2
                && is_word(country)
                && !words.is_empty()
                && words.iter().all(is_word)
                && is_number(number)
        }
        _ => false,
    }
}

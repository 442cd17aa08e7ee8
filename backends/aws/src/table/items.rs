//! The one table: what every kind of item in it shares.
//!
//! Items are found by `pk`, what they are, and `sk`, which one. `ttl` is when
//! DynamoDB may drop an item, in seconds since the epoch. It may do so days
//! later, so whoever reads compares the moment itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::clients::Shared;
use crate::error::AwsError;

/// How often a write is tried that meets a transaction on the same item.
const ATTEMPTS: u32 = 5;

/// The wait after the first of them, in milliseconds; each further one is
/// longer by as much again.
const WAIT_MS: u64 = 40;

/// An item, by attribute.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The cursors, delivery marks, access tokens and limits, in one table.
#[derive(Clone)]
pub struct Table {
    pub(crate) shared: Arc<Shared>,
}

impl Table {
    pub(crate) fn new(shared: Arc<Shared>) -> Table {
        Table { shared }
    }

    pub(crate) fn client(&self) -> &aws_sdk_dynamodb::Client {
        self.shared.dynamodb()
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared.settings.table
    }

    /// The item as it was last written.
    pub(crate) async fn get(&self, pk: &str, sk: &str) -> Result<Option<Item>, AwsError> {
        let request = self.client().get_item().table_name(self.name()).set_key(Some(key(pk, sk)));
        Ok(request.consistent_read(true).send().await?.item)
    }

    /// Writes the item in place of what was there.
    pub(crate) async fn put(
        &self,
        pk: &str,
        sk: &str,
        attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Result<(), AwsError> {
        let mut item = key(pk, sk);
        item.extend(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.client().put_item().table_name(self.name()).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Tries `write` again while a transaction on the same item is under way.
    pub(crate) async fn past_conflicts<T, F>(
        &self,
        write: impl Fn() -> F + Send,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, AwsError>> + Send,
    {
        let mut attempt = 1;
        loop {
            match write().await {
                Err(error) if error.conflict && attempt < ATTEMPTS => {
                    let longest = WAIT_MS * u64::from(attempt);
                    let wait = Duration::from_millis(fastrand::u64(longest / 2..=longest));
                    self.shared.clock.sleep(wait).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}

/// What an item is found by.
pub(crate) fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), string(pk)), ("sk".to_owned(), string(sk))])
}

pub(crate) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// When DynamoDB may drop an item that ends at `end`: never before.
pub(crate) fn ttl(end: Timestamp) -> AttributeValue {
    number(end.as_second().saturating_add(i64::from(end.subsec_nanosecond() > 0)))
}

/// An attribute that is text.
pub(crate) fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// A moment that was written as RFC 3339, if the attribute is there.
pub(crate) fn moment(item: &Item, name: &str) -> Result<Option<Timestamp>, AwsError> {
    let moment = text(item, name).map(str::parse).transpose();
    moment.map_err(|error: jiff::Error| broken(name, &error))
}

/// An attribute that does not hold what this crate wrote.
pub(crate) fn broken(name: &str, reason: &dyn std::fmt::Display) -> AwsError {
    AwsError::new(format!("the attribute `{name}` of the item cannot be read: {reason}"))
}

/// Names for an expression: `#x` for the attribute `x`, as some are reserved.
pub(crate) fn names<const N: usize>(names: [&str; N]) -> HashMap<String, String> {
    names.into_iter().map(|name| (format!("#{name}"), name.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_item_is_dropped_before_its_end() {
        let at = |nanoseconds| Timestamp::from_nanosecond(nanoseconds).unwrap();
        assert_eq!(ttl(at(7_000_000_000)), number(7));
        assert_eq!(ttl(at(7_000_000_001)), number(8));
    }

    #[test]
    fn a_moment_that_cannot_be_read_is_an_error() {
        let item = Item::from([("until".to_owned(), string("soon"))]);
        assert!(moment(&item, "until").is_err());
        assert_eq!(moment(&item, "other").unwrap(), None);
    }
}

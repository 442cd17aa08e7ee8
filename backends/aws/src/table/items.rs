//! Reads and writes items of the one table.
//!
//! An item is found by `pk`, what it is, and `sk`, which one. `ttl` is when
//! DynamoDB may drop it, in seconds since the epoch. That can be days late, so a
//! reader compares the moment itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use mef_ports::{PastRun, StreamKey};

use crate::clients::Shared;
use crate::error::AwsError;
use crate::table::attributes::{Item, names, string, values};
use crate::table::keys::key;

/// How many requests for a list are made at once.
pub(super) const AT_ONCE: usize = 16;

/// The histories that were read, with the fencing number that the cursor had then. Whoever holds the lease of that
/// number knows that nobody else has changed it.
type Histories = Mutex<HashMap<StreamKey, (u64, Vec<PastRun>)>>;

/// The cursors, delivery marks, access tokens and limits, in one table.
#[derive(Clone)]
pub struct Table {
    pub(super) shared: Arc<Shared>,
    pub(super) histories: Arc<Histories>,
}

impl Table {
    pub(crate) fn new(shared: Arc<Shared>) -> Table {
        Table { shared, histories: Arc::default() }
    }

    pub(super) fn client(&self) -> &aws_sdk_dynamodb::Client {
        self.shared.dynamodb()
    }

    pub(super) fn name(&self) -> &str {
        &self.shared.settings.table
    }

    /// Reads the item as it was last written.
    pub(super) async fn get(&self, pk: &str, sk: &str) -> Result<Option<Item>, AwsError> {
        let request = self.client().get_item().table_name(self.name()).set_key(Some(key(pk, sk)));
        Ok(request.consistent_read(true).send().await?.item)
    }

    /// Writes the item in place of an earlier one.
    pub(super) async fn put(
        &self,
        pk: &str,
        sk: &str,
        attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Result<(), AwsError> {
        self.put_request(pk, sk, attributes).send().await?;
        Ok(())
    }

    /// Writes the item if there is none.
    pub(super) async fn put_new(
        &self,
        pk: &str,
        sk: &str,
        attributes: impl IntoIterator<Item = (impl Into<String>, AttributeValue)>,
    ) -> Result<(), AwsError> {
        let put = self
            .put_request(pk, sk, attributes)
            .condition_expression("attribute_not_exists(#pk)")
            .set_expression_attribute_names(Some(names(&["#pk"])));
        condition_held(put.send().await).map(drop)
    }

    fn put_request(
        &self,
        pk: &str,
        sk: &str,
        attributes: impl IntoIterator<Item = (impl Into<String>, AttributeValue)>,
    ) -> PutItemFluentBuilder {
        let mut item = key(pk, sk);
        item.extend(attributes.into_iter().map(|(name, value)| (name.into(), value)));
        self.client().put_item().table_name(self.name()).set_item(Some(item))
    }

    /// Reads the items below `pk` whose `sk` begins with `begin`.
    pub(super) async fn query(
        &self,
        pk: &str,
        begin: &str,
        consistent: bool,
    ) -> Result<Vec<Item>, AwsError> {
        let (condition, found) = match begin {
            "" => ("#pk = :pk", values([(":pk", string(pk))])),
            _ => (
                "#pk = :pk AND begins_with(#sk, :begin)",
                values([(":pk", string(pk)), (":begin", string(begin))]),
            ),
        };
        let items = self
            .client()
            .query()
            .table_name(self.name())
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names(&[condition])))
            .set_expression_attribute_values(Some(found))
            .consistent_read(consistent)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await?;
        Ok(items)
    }

    /// Returns a request that changes the item if `condition` holds, and makes it if it
    /// is not there. In both expressions `#x` is the attribute `x`.
    pub(crate) fn update<const N: usize>(
        &self,
        pk: &str,
        sk: &str,
        condition: &str,
        change: &str,
        new: [(&str, AttributeValue); N],
    ) -> UpdateItemFluentBuilder {
        self.client()
            .update_item()
            .table_name(self.name())
            .set_key(Some(key(pk, sk)))
            .condition_expression(condition)
            .update_expression(change)
            .set_expression_attribute_names(Some(names(&[condition, change])))
            .set_expression_attribute_values(Some(values(new)))
    }
}

/// Returns whether the condition of a write held.
pub(super) fn condition_held<T>(written: Result<T, impl Into<AwsError>>) -> Result<bool, AwsError> {
    match written.map_err(Into::into) {
        Ok(_) => Ok(true),
        Err(error) if error.refused => Ok(false),
        Err(error) => Err(error),
    }
}

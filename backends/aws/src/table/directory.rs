//! Where the cursors are: those of one source below a key of their own.
//!
//! DynamoDB takes a thousand write units a second below one `pk`. Below one for all of them, the sources of a stack
//! would slow each other down. A list of the sources stands beside them, so that all cursors can be found; an index
//! would cost a write with each commit.
//!
//! An older program kept all cursors below the one key [`OLD`]. The first lease of a stream copies its cursor from there
//! and leaves the old item as it is: a roll back goes on from it, and brings again what came since, in place of nothing.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use jiff::Timestamp;
use mef_ports::StreamKey;

use crate::error::AwsError;
use crate::table::attributes::{Item, fence, moment, number, string, text};
use crate::table::history;
use crate::table::items::{AT_ONCE, Table};
use crate::table::keys::{bounded, stream_key};
use crate::table::seen;

/// The `pk` of every cursor of an older program.
const OLD: &str = "cursor";
/// The `pk` of the sources that have cursors; `sk` is the source's name.
const SOURCES: &str = "cursors";

/// Returns the `pk` of the cursors of a source.
pub(super) fn pk(source: &str) -> String {
    bounded(format!("cursor#{source}"))
}

impl Table {
    /// Reads the item of a cursor, where an older program left it if it was not moved yet.
    pub(super) async fn cursor_item(&self, stream: &StreamKey) -> Result<Option<Item>, AwsError> {
        let sk = stream_key(stream);
        match self.get(&pk(&stream.source), &sk).await? {
            Some(item) => Ok(Some(item)),
            None => self.get(OLD, &sk).await,
        }
    }

    /// Reads the items of the cursors of a source. `consistent` is whether as they were last written.
    pub(super) async fn cursor_items(
        &self,
        source: &str,
        consistent: bool,
    ) -> Result<Vec<Item>, AwsError> {
        let of_source =
            stream_key(&StreamKey { source: source.to_owned(), partition: String::new() });
        let (new, old) = future::try_join(
            self.query(&pk(source), "", consistent),
            self.query(OLD, &of_source, consistent),
        )
        .await?;
        Ok(with_old(new, old))
    }

    /// Reads the items of all cursors as they were last written.
    pub(super) async fn all_cursor_items(&self) -> Result<Vec<Item>, AwsError> {
        let (sources, old) =
            future::try_join(self.query(SOURCES, "", true), self.query(OLD, "", true)).await?;
        let sources: Vec<_> =
            sources.iter().filter_map(|item| text(item, "sk").map(str::to_owned)).collect();
        let of_each = sources
            .into_iter()
            .map(|source| async move { self.query(&pk(&source), "", true).await });
        let new: Vec<_> = stream::iter(of_each).buffered(AT_ONCE).try_collect().await?;
        Ok(with_old(new.into_iter().flatten().collect(), old))
    }

    /// Makes the item of a stream that has none below its source's key: a copy of the one that an older program
    /// left, or a new one. If that program has leased it until a moment between `now` and `too_far`, that is
    /// returned, and nothing is made; without these, it is copied whoever holds it.
    pub(super) async fn make_cursor(
        &self,
        stream: &StreamKey,
        held: Option<(Timestamp, Timestamp)>,
    ) -> Result<Option<Timestamp>, AwsError> {
        let sk = stream_key(stream);
        // First of all: what is not listed is not found.
        self.put(SOURCES, &stream.source, []).await?;
        let Some(mut old) = self.get(OLD, &sk).await? else {
            let new = [
                ("fence", number(0)),
                ("source", string(&stream.source)),
                ("partition", string(&stream.partition)),
                ("seen", seen::list(&[])),
            ];
            self.put_new(&pk(&stream.source), &sk, new).await?;
            return Ok(None);
        };
        let until = moment(&old, "leased_until")?;
        if let (Some((now, too_far)), Some(until)) = (held, until)
            && until > now
            && until <= too_far
        {
            return Ok(Some(until));
        }
        for name in ["pk", "sk", "leased_until", "leased_until_ns", "holder"] {
            old.remove(name);
        }
        if let Some(runs) = history::take(&mut old) {
            self.put_history(stream, fence(&old)?, runs).await?;
        }
        self.put_new(&pk(&stream.source), &sk, old).await?;
        Ok(None)
    }
}

/// Adds the items of an older program whose streams have no other.
fn with_old(mut new: Vec<Item>, old: Vec<Item>) -> Vec<Item> {
    let known: HashSet<_> =
        new.iter().filter_map(|item| text(item, "sk").map(str::to_owned)).collect();
    new.extend(
        old.into_iter().filter(|item| text(item, "sk").is_none_or(|sk| !known.contains(sk))),
    );
    new
}

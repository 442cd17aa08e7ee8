//! Lines and rows of a file, taken out while the rest of it is still packed.
//!
//! As records, a file of details can be a hundred times larger than as it came. So it is read on a
//! thread of its own, which waits until what it has read is taken.

use bytes::Bytes;
use mef_pipeline::Charsets;
use mef_source::checked::{Compression, Expects, PageDecode, Pages};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};

use super::content::broken;
use super::rows::read_lines;
use super::unpack::each_file;
use crate::page::no_page::is_no_error;
use crate::page::page_error::PageError;
use crate::page::record::Unread;

/// How many records are handed over at once.
const BATCH: usize = 500;

/// A file that is being read.
pub(crate) struct Batches {
    batches: Receiver<Vec<Unread>>,
    reading: Option<JoinHandle<Result<(), PageError>>>,
}

impl Batches {
    /// Begins to read `bytes` as `pages` says, up to `max_page` bytes when unpacked.
    pub(crate) fn of(
        pages: &Pages,
        max_page: usize,
        bytes: Bytes,
        content_type: Option<&str>,
    ) -> Batches {
        let (sender, batches) = channel(1);
        let charsets = Charsets::of(pages.charset, content_type);
        let pages = (pages.decode.clone(), pages.expects.clone(), pages.compression, charsets);
        let reading = spawn_blocking(move || read(&pages, max_page, &bytes, &sender));
        Batches { batches, reading: Some(reading) }
    }

    /// Returns the next records; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// Fails if what follows cannot be read. What came before is good.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Unread>>, PageError> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        let Some(reading) = self.reading.take() else { return Ok(None) };
        reading.await.map_err(|error| broken("readable", error))?.map(|()| None)
    }
}

fn read(
    (decode, expects, compression, charsets): &(PageDecode, Expects, Compression, Charsets),
    max_page: usize,
    bytes: &[u8],
    sender: &Sender<Vec<Unread>>,
) -> Result<(), PageError> {
    let (mut batch, mut is_first) = (Vec::with_capacity(BATCH), true);
    // If the run has ended, nobody takes them any more.
    let gone = |_| broken("readable", "the run has ended");
    each_file(bytes, *compression, *charsets, max_page, &mut |file| {
        read_lines(decode, expects, file, &mut |line| {
            batch.push(line.in_utf8(*charsets));
            if batch.len() == BATCH {
                is_first = false;
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                sender.blocking_send(full).map_err(gone)?;
            }
            Ok(())
        })
        .map(|_| ())
    })?;
    if is_first {
        is_no_error(decode, expects, &batch)?;
    }
    if batch.is_empty() { Ok(()) } else { sender.blocking_send(batch).map_err(gone) }
}

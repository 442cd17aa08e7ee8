//! Fetching pages, of the stream and of details.

use bytes::Bytes;
use mef_ports::{BlobKey, HttpResponse, StoreError, WaitedFor};
use mef_source::checked::{Pages, ResponseWhen};
use serde_json::Value;
use url::Url;

use crate::ask::asking::{Asking, FetchedPage, Waiting};
use crate::ask::fetch::Fetcher;
use crate::ask::fetch_error::FetchError;
use crate::page::page_error::PageError;
use crate::page::read::{self, LostWay, Page};
use crate::page::record::{Unread, Unreadable};
use crate::request::build::PageRequest;

impl Fetcher<'_> {
    /// Fetches the page of the stream that `request` asks for.
    pub(crate) async fn fetch(&self, request: PageRequest) -> Result<FetchedPage, FetchError> {
        let poll = self.poll;
        let made_of = if request.at.is_some() { &poll.pages.then } else { &poll.pages.request };
        let wait = poll.wait.as_ref().map(|wait| Waiting {
            wait,
            of: WaitedFor::Page(request.at.clone()),
            since: request.since,
            request: made_of,
        });
        self.fetch_of(&poll.pages, wait.as_ref(), &[], request).await
    }

    /// Fetches the one of `pages` that `request` asks for. Responses to `ignore` are an empty page.
    pub(crate) async fn fetch_of(
        &self,
        pages: &Pages,
        wait: Option<&Waiting<'_>>,
        ignore: &[ResponseWhen],
        request: PageRequest,
    ) -> Result<FetchedPage, FetchError> {
        let again = request.again.as_ref();
        let asking = Asking { request: &request.http, again, moves: request.moves, ignore, wait };
        let read = |url: &Url, response: &HttpResponse| {
            read::read(self.poll, pages, request.at.as_ref(), url, response)
        };
        let answer = self.ask_until_ready(asking, read).await?;
        let page = answer.value.unwrap_or_else(Page::empty);
        Ok(FetchedPage { page, not_before: answer.not_before })
    }

    /// Reads all records of a page whose records are no events themselves.
    pub(crate) async fn values(&self, records: Vec<Unread>) -> Result<Vec<Value>, FetchError> {
        let mut values = Vec::with_capacity(records.len());
        for record in records {
            match record.read() {
                Ok(record) => values.push(record.value),
                Err(Unreadable { text, error }) => {
                    return Err(self.keep_page(text, PageError::Decode(error)).await);
                }
            }
        }
        Ok(values)
    }

    /// Keeps the bytes of a page that cannot be understood, for a person to look at.
    pub(crate) async fn keep_page(&self, body: Bytes, mut error: PageError) -> FetchError {
        error.mask(self.credentials.redactor());
        match self.keep(body).await {
            Ok(blob) => FetchError::Page { blob, error: Box::new(error) },
            Err(error) => FetchError::Store(error),
        }
    }

    /// Returns the page if the way on from it can be followed.
    pub(crate) async fn whole(&self, mut page: Page) -> Result<Page, FetchError> {
        match page.lost_way.take() {
            Some(LostWay { error, body }) => Err(self.keep_page(body, error).await),
            None => Ok(page),
        }
    }

    /// Keeps the bytes of a page, without the secrets that it repeats, and returns under which name.
    pub(crate) async fn keep(&self, body: Bytes) -> Result<String, StoreError> {
        let blob = format!("{}/page-not-understood", self.source.name);
        let redactor = self.credentials.redactor();
        let masked = body.utf8_chunks().flat_map(|chunk| {
            let text = redactor.mask(chunk.valid()).into_owned().into_bytes();
            text.into_iter().chain(chunk.invalid().iter().copied())
        });
        let body: Bytes = masked.collect();
        self.blobs.put(&BlobKey(blob.clone()), body).await?;
        Ok(blob)
    }
}

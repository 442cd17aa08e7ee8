//! Details: a page lists items, and a request for each item returns the records.
//!
//! The cursor and the stored ids are those of the items. A page of many items is delivered in parts.
//! The ids of delivered items are stored, so the next run continues after the last one.

use std::borrow::Cow;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use mef_ports::HttpResponse;
use mef_source::checked::Detail;
use serde_json::Value;
use url::Url;

use crate::ask::asking::{Asking, FetchedPage};
use crate::ask::fetch::waits;
use crate::ask::fetch_error::{FetchError, MOST_IDS};
use crate::news::keep::{kept, put};
use crate::news::known::{Known, News, whole};
use crate::news::seen::Stay;
use crate::news::seen::key::{Identity, Key};
use crate::news::seen::needed::Needed;
use crate::page::decode::batches::Batches;
use crate::page::no_page::has_page;
use crate::page::read::content_type;
use crate::page::record::{Record, Unread};
use crate::request::build::build;
use crate::request::scope::RequestScope;
use crate::work::context::Run;
use crate::work::delivery::deliver_part;
use crate::work::gone::{has_expired, refused};
use crate::work::loop_guard::LoopGuard;
use crate::work::part::{Asked, Of, Part, Taken, asked_together};
use crate::work::report::RunError;
use crate::work::unasked::Unasked;

/// A part of a page is delivered when it took this long, or when it has many records.
const LONGEST_PART: SignedDuration = SignedDuration::from_secs(5);
/// If so many items are gone and none is found, the source file is wrong, and none of them may be
/// passed over.
const MOST_GONE: usize = 5;
/// The most pages that the vendor may have about one item.
const MOST_PAGES: usize = 1_000;

/// Where the records of a step go.
enum To<'t> {
    /// The next step asks for each.
    Items(&'t mut Vec<Value>),
    /// They are delivered, as those of this item.
    Part(&'t mut Part, Of),
}

/// What became of an item.
#[derive(Clone, Copy)]
enum End {
    Found,
    /// Its time is over, so it was not asked for.
    Expired,
    /// It was there when it was listed, and is gone.
    Gone,
}

/// Asks for details during one page.
struct Details<'d, 'p> {
    run: &'d mut Run<'p>,
    /// How many items are gone.
    refused: u64,
    /// Until when what is fetched of an item without a time is known.
    fetched: Option<(Stay, Needed)>,
    unasked: Unasked,
}

/// Asks for the details of `items`. Delivers all but the last part of them, which it returns.
/// What is fetched of items without a time is new unless the same was `fetched` before.
pub(crate) async fn details_of(
    run: &mut Run<'_>,
    items: Vec<News>,
    fetched: Option<(Stay, Needed)>,
) -> Result<Vec<News>, RunError> {
    if items.len() > MOST_IDS {
        return Err(FetchError::TooManyItems(items.len()).into());
    }
    let unasked = Unasked::default();
    let found = Details { run: &mut *run, refused: 0, fetched, unasked }.of(items).await;
    run.doubt_setup(found.as_ref().err());
    found
}

impl Details<'_, '_> {
    async fn of(&mut self, items: Vec<News>) -> Result<Vec<News>, RunError> {
        let mut part = Part::default();
        // Items that seem gone, until one is found: see [`MOST_GONE`].
        let mut gone = Vec::new();
        let mut began = self.run.now();
        let first = self.run.poller.poll.details.first();
        for Asked { value: item, hashes, of } in
            asked_together(first, items, self.fetched.is_none())?
        {
            let took = self.run.now().duration_since(began);
            let has_some = !part.items.is_empty() || !gone.is_empty();
            if has_some && (took > LONGEST_PART || part.is_full() || !self.run.has_time()) {
                self.hand_over(&mut part).await?;
                self.run.note_slowest(took);
                began = self.run.now();
                if !self.run.has_time() {
                    return Err(FetchError::OutOfTime.into());
                }
            }
            // The items themselves were counted when they were listed.
            self.run.summary.records = self.run.summary.records.saturating_sub(hashes.len() as u64);
            let refused = self.refused;
            let found = self.find_details(item, of, &mut part).await;
            let files = std::mem::take(&mut part.files);
            if found.is_ok() {
                part.items.extend(files);
                let is_gone = self.refused > refused;
                if is_gone { &mut gone } else { &mut part.items }.extend(hashes);
                if self.run.found_details {
                    part.items.append(&mut gone);
                    part.damaged.extend(self.unasked.take());
                }
                part.end_item();
            }
            let waited = match found {
                Ok(until) => self.run.fetcher.pass_limit(until).await.map_err(RunError::from),
                Err(error) => Err(error),
            };
            if let Err(error) = waited {
                part.drop_item();
                self.hand_over(&mut part).await?;
                return Err(error);
            }
        }
        if gone.len() >= MOST_GONE {
            let error = self.unasked.error().map(FetchError::Request);
            return Err(error.unwrap_or(FetchError::AllGone(gone.len())).into());
        }
        part.damaged.extend(self.unasked.take());
        if !part.damaged.is_empty() {
            self.hand_over(&mut part).await?;
        }
        Ok(part.records)
    }

    async fn hand_over(&mut self, part: &mut Part) -> Result<(), RunError> {
        let Part { records, damaged, mut items, files, .. } = std::mem::take(part);
        part.files = files;
        let (damaged, hashes): (Vec<_>, Vec<_>) = damaged.into_iter().unzip();
        items.extend(hashes.into_iter().flatten());
        deliver_part(self.run, records, damaged, &items).await
    }

    /// Puts the records that `item` leads to into `part`, through all steps of `details`. Returns
    /// the moment before which nothing more may be asked.
    async fn find_details(
        &mut self,
        item: Value,
        of: Of,
        part: &mut Part,
    ) -> Result<Option<Timestamp>, RunError> {
        let Some((last, before)) = self.run.poller.poll.details.split_last() else {
            return Ok(None);
        };
        let (mut items, mut not_before, mut is_asked) = (vec![item], None, false);
        for detail in before {
            let mut found = Vec::new();
            for item in items {
                if std::mem::replace(&mut is_asked, true) {
                    self.go_on_asking(not_before).await?;
                }
                let step = self.step(detail, &item, To::Items(&mut found)).await;
                not_before = self.pass_over(item, step)?;
            }
            items = found;
        }
        for item in items {
            if part.is_full() {
                self.hand_over(part).await?;
            }
            if std::mem::replace(&mut is_asked, true) {
                self.go_on_asking(not_before).await?;
            }
            let step = match last.pages.is_only_lines() {
                true => self.stream(last, &item, of, part).await,
                false => self.step(last, &item, To::Part(part, of)).await,
            };
            not_before = self.pass_over(item, step)?;
        }
        Ok(not_before)
    }

    /// Leaves out an item for which no request can be made, so that the others go on.
    fn pass_over(
        &mut self,
        item: Value,
        step: Result<Option<Timestamp>, RunError>,
    ) -> Result<Option<Timestamp>, RunError> {
        match step {
            Err(RunError::Fetch(FetchError::Request(error))) if !item.is_array() => {
                self.refused += 1;
                self.unasked.push(item, error);
                Ok(None)
            }
            step => step,
        }
    }

    /// Waits for the turn of another request about an item. None is begun past the end of the run's
    /// time: the item comes whole the next time.
    async fn go_on_asking(&self, not_before: Option<Timestamp>) -> Result<(), FetchError> {
        if !self.run.fetcher.budget.allows(self.run.now(), SignedDuration::ZERO) {
            return Err(FetchError::OutOfTime);
        }
        self.run.fetcher.pass_limit(not_before).await
    }

    fn add(&mut self, records: Vec<Unread>, kept: &[(String, Value)], of: Of, part: &mut Part) {
        self.run.summary.records += records.len() as u64;
        for record in records {
            let mut value = match record.read() {
                Ok(Record { value, .. }) => value,
                Err(damaged) => {
                    if of.is_timed {
                        part.damaged.push((damaged, None));
                    } else if let Some((_, identity)) = self.if_new(of, &damaged.text) {
                        part.damaged.push((damaged, Some(identity.hash)));
                    }
                    continue;
                }
            };
            put(kept, &mut value);
            let record = Record { value, text: None };
            if of.is_timed {
                part.records.push(News { record, id: None, hash: of.item, is_timed: true });
            } else if let Some((known, identity)) =
                self.if_new(of, record.value.to_string().as_bytes())
            {
                part.records.push(known.news(record, identity));
            }
        }
    }

    /// Returns what `text` is known by, which was fetched of an item without a time, unless the same
    /// was delivered before.
    fn if_new(&mut self, of: Of, text: &[u8]) -> Option<(Known, Identity)> {
        let (stay, needed) = self.fetched.as_ref()?;
        let Key { hash, content } = whole(text, None);
        let key = Key { hash: hash ^ of.item.rotate_left(1), content };
        let Run { seen, summary, .. } = &mut *self.run;
        let identity = seen.insert(key, *stay, needed, summary)?;
        Some((Known { id: None, time: None, key }, identity))
    }

    /// Reads the lines of a response, and delivers them as they come if there are many.
    async fn stream(
        &mut self,
        detail: &Detail,
        item: &Value,
        of: Of,
        part: &mut Part,
    ) -> Result<Option<Timestamp>, RunError> {
        if has_expired(detail, item, self.run.now()) {
            self.note(End::Expired);
            return Ok(None);
        }
        let poll = &self.run.poller.poll;
        let (request, kept) = {
            let scope = RequestScope { item: Some(item), ..self.run.scope() };
            let request = build(poll, &detail.pages, &scope, None).map_err(FetchError::Request)?;
            (request.http, kept(&detail.keep, &scope)?)
        };
        let asking = Asking {
            request: &request,
            again: None,
            moves: false,
            ignore: &detail.ignore,
            wait: None,
        };
        // A response without content is a file without lines, however it is packed.
        let body_of = |_: &Url, answer: &HttpResponse| {
            has_page(&detail.pages, answer)?;
            let content_type = content_type(&answer.headers).map(Cow::into_owned);
            let body = answer.body.clone();
            Ok((answer.status != StatusCode::NO_CONTENT).then_some((body, content_type)))
        };
        let (mut taken, mut waits) = (Taken::default(), waits());
        loop {
            let answer = match self.run.fetcher.ask(asking, body_of).await {
                Err(FetchError::Refused(refusal)) => {
                    refused(detail, refusal)?;
                    self.note(End::Gone);
                    return Ok(None);
                }
                answer => answer?,
            };
            self.note(End::Found);
            let Some((body, content_type)) = answer.value.flatten() else {
                return Ok(answer.not_before);
            };
            if !of.is_timed {
                let Some((_, file)) = self.if_new(of, &body) else { return Ok(answer.not_before) };
                part.files = vec![file.hash];
            }
            let content_type = content_type.as_deref();
            let mut batches = Batches::of(&detail.pages, poll.max_page, body.clone(), content_type);
            let error = loop {
                match batches.next().await {
                    Ok(None) => return Ok(answer.not_before),
                    Ok(Some(batch)) => {
                        let of = Of { is_timed: true, ..of };
                        self.add(taken.rest(batch), &kept, of, part);
                    }
                    Err(error) => break error,
                }
                if part.is_full() {
                    self.hand_over(part).await?;
                }
            };
            // What is cut off or garbled may be whole the next time.
            let Some(wait) = waits.next().filter(|_| error.may_pass()) else {
                return Err(self.run.fetcher.keep_page(body, error).await.into());
            };
            tracing::debug!(source.id = %self.run.stream, error = %error, "trying again");
            self.run.poller.ports.clock.sleep(wait).await;
            self.go_on_asking(answer.not_before).await?;
            taken.begin_again();
        }
    }

    /// Reads what one step of `details` brings for `item`, page after page.
    async fn step(
        &mut self,
        detail: &Detail,
        item: &Value,
        mut to: To<'_>,
    ) -> Result<Option<Timestamp>, RunError> {
        if has_expired(detail, item, self.run.now()) {
            self.note(End::Expired);
            return Ok(None);
        }
        let poll = &self.run.poller.poll;
        let kept = kept(&detail.keep, &RequestScope { item: Some(item), ..self.run.scope() })?;
        let mut guard = LoopGuard::new(&detail.pages);
        let mut at = None;
        for _ in 0..MOST_PAGES {
            let request = {
                let scope = RequestScope { item: Some(item), ..self.run.scope() };
                build(poll, &detail.pages, &scope, at.as_ref()).map_err(FetchError::Request)?
            };
            let fetched =
                self.run.fetcher.fetch_of(&detail.pages, None, &detail.ignore, request).await;
            let FetchedPage { page, not_before } = match fetched {
                // A later page that is refused does not mean that the item is gone.
                Err(FetchError::Refused(refusal)) if at.is_none() => {
                    refused(detail, refusal)?;
                    self.note(End::Gone);
                    return Ok(None);
                }
                Err(FetchError::Refused(refusal)) => return Err(FetchError::Detail(refusal).into()),
                fetched => fetched?,
            };
            let page = self.run.fetcher.whole(page).await?;
            let next = if page.ends { None } else { page.next.clone() };
            guard.visit(&page, next.as_ref()).map_err(FetchError::Loop)?;
            match &mut to {
                To::Part(part, of) => {
                    self.add(page.records, &kept, *of, part);
                    if next.is_some() && part.is_full() {
                        self.hand_over(part).await?;
                    }
                }
                To::Items(items) => {
                    let mut records = self.run.fetcher.values(page.records).await?;
                    records.iter_mut().for_each(|record| put(&kept, record));
                    items.extend(records);
                    if items.len() > MOST_IDS {
                        return Err(FetchError::TooManyItems(items.len()).into());
                    }
                }
            }
            let Some(next) = next else {
                self.note(End::Found);
                return Ok(not_before);
            };
            self.go_on_asking(not_before).await?;
            at = Some(next);
        }
        Err(FetchError::Loop("what it says of one item has more than 1000 pages").into())
    }

    /// Counts what became of an item.
    fn note(&mut self, end: End) {
        self.run.summary.gone += u64::from(!matches!(end, End::Found));
        // An expired item says nothing of how the others are asked for.
        self.run.found_details |= matches!(end, End::Found);
        self.refused += u64::from(matches!(end, End::Gone));
    }
}

//! Cursors by a position that only the vendor understands: a token or a whole link.

use std::time::Duration;

use super::only::{DEFAULT_START, only};
use super::reader::time_reader;
use super::record_id::{RecordId, record_id};
use crate::checked::checker::{Checker, Told};
use crate::checked::poll::identity;
use crate::checked::poll::request::Requests;
use crate::checked::poll::request::scope::RequestScope;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written::{self, Located, RestartFrom, TimeReader};

/// A cursor by the vendor's token.
#[derive(Clone, Debug)]
pub struct TokenCursor {
    /// What it has in common with the other cursor of this file.
    pub follow: Follow,
}

/// A cursor by the vendor's link to what comes next.
#[derive(Clone, Debug)]
pub struct NextLinkCursor {
    /// Query parameters that a later run puts into the kept link. One without a value is
    /// removed from it.
    pub rewrite: Vec<(String, Template)>,
    /// The identity of the request without what is rewritten: `1:` and a digest. A link
    /// that was kept under another identity is not followed.
    pub digest: String,
    /// What it has in common with other places that the vendor names.
    pub follow: Follow,
}

/// What a run does with a position that only the vendor understands.
#[derive(Clone, Debug)]
pub struct Follow {
    /// What names a record.
    pub id: Option<RecordId>,
    /// Where a record's time is.
    pub time: Option<Path>,
    /// How it is written.
    pub time_format: TimeReader,
    /// How far back the first run begins: `{cursor.start}`.
    pub start: Duration,
    /// Where to begin again if the vendor refuses the position.
    pub restart: Option<RestartAt>,
    /// How far back the vendor keeps records.
    pub retention: Option<Duration>,
}

/// Where reading begins again if the kept position is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartAt {
    /// From where.
    pub from: RestartFrom,
    /// How long before that.
    pub overlap: Duration,
}

const KEYS: [&str; 5] = ["time", "time_format", "zone", "restart", "retention"];

pub(crate) fn token(
    poll: &written::Poll,
    requests: &Requests<'_>,
    token: &Located<String>,
    checker: &mut Checker<'_>,
) -> Result<TokenCursor, Told> {
    let keys = [&KEYS[..], &["token"]].concat();
    let variables = [(Root::Cursor, "token"), (Root::Cursor, "start")];
    only("token", &keys, &variables, poll, requests, checker);
    let Some(written::Next::Token(next)) = poll.next.as_deref() else {
        return Err(checker.error_with(
            poll.cursor.place(),
            "a cursor by token needs `next: { token: … }`",
            "the token that leads to the next page is what is kept between runs",
        ));
    };
    if let Some(again) = next.again.as_ref().filter(|again| ***again) {
        checker.error_with(
            again.place(),
            "a token under which the vendor keeps the place cannot be the cursor",
            "leave `again` out, or say by `time`, `id` or `windows` how far a stream has been read",
        );
    }
    let roots = [Root::Record, Root::Header];
    let kept = checker.path(token, &roots)?;
    if Path::parse(&next.from, &roots).is_ok_and(|next| next != kept) {
        checker.error_with(
            token.place(),
            format!("the token is `{}` under `next`", *next.from),
            "the token that leads to the next page is what is kept between runs: write the same path",
        );
    }
    Ok(TokenCursor { follow: follow(poll, requests, checker)? })
}

pub(crate) fn next_link(
    poll: &written::Poll,
    requests: &Requests<'_>,
    rewrite: Vec<(String, Template)>,
    checker: &mut Checker<'_>,
) -> Result<NextLinkCursor, Told> {
    let keys = [&KEYS[..], &["next_link"]].concat();
    only("next link", &keys, &[(Root::Cursor, "start")], poll, requests, checker);
    if !matches!(poll.next.as_deref(), Some(written::Next::Link(_) | written::Next::Url(_))) {
        return Err(checker.error_with(
            poll.cursor.place(),
            "a cursor by next link needs `next: { link: … }` or `next: { url: … }`",
            "the link to the next page is what is kept between runs",
        ));
    }
    Ok(NextLinkCursor {
        digest: identity::of_kept_link(requests.page, &rewrite),
        rewrite,
        follow: follow(poll, requests, checker)?,
    })
}

/// Reads what is rewritten in a kept link.
pub(crate) fn rewrite(
    cursor: &written::Cursor,
    scope: &mut RequestScope<'_, '_>,
) -> Vec<(String, Template)> {
    let rewrite = cursor.next_link.as_ref().and_then(|link| link.rewrite.as_ref());
    rewrite.map(|rewrite| scope.pairs(&rewrite.query)).unwrap_or_default()
}

fn follow(
    poll: &written::Poll,
    requests: &Requests<'_>,
    checker: &mut Checker<'_>,
) -> Result<Follow, Told> {
    let written = &poll.cursor;
    let id = record_id(written.id.as_ref(), checker)?;
    let time = checker.record_path(written.time.as_ref())?;
    let restart = written.restart.as_ref().map(|restart| RestartAt {
        from: restart.from,
        overlap: checker.duration_or(restart.overlap.as_ref(), Duration::ZERO),
    });
    if let (Some(retention), None) = (&written.retention, &restart) {
        checker.error_with(
            retention.place(),
            "`retention` means nothing here without `restart`",
            "it bounds how far back reading begins again",
        );
    }
    if let Some(restart) = &written.restart {
        if !requests.uses(Root::Cursor, "start") {
            checker.error_with(
                restart.place(),
                "`restart` needs `{cursor.start}` in the request",
                "without it the vendor is not told from where to begin again",
            );
        }
        if restart.from == RestartFrom::Time && time.is_none() {
            checker.error_with(
                restart.place(),
                "`restart: { from: time }` needs `time`, the path of a record's time",
                "or write `from: start`, which reads again what a first run reads",
            );
        }
    }
    Ok(Follow {
        id,
        time,
        time_format: time_reader(written, checker)?,
        start: checker.duration_or(written.start.as_ref(), DEFAULT_START),
        restart,
        retention: written.retention.as_ref().map(|text| checker.duration(text)).transpose()?,
    })
}

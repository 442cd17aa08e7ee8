//! Reads the parts of a `poll`, each by itself.

use super::auth::{self, PollAuth};
use super::cursor;
use super::details::Detail;
use super::pages::Pages;
use super::pages::keys::pages_of;
use super::partitions::Partitions;
use super::request::Request;
use super::request::scope::RequestScope;
use super::setup::SetupStep;
use super::wait::Wait;
use crate::checked::checker::Told;
use crate::path::{Path, Root};
use crate::template::Template;
use crate::written;

/// The parts, before they are checked together.
pub(crate) struct Parts {
    pub(crate) partitions: Result<Option<Partitions>, Told>,
    pub(crate) setup: Result<Vec<SetupStep>, Told>,
    pub(crate) pages: Result<Pages, Told>,
    pub(crate) wait: Result<Option<Wait>, Told>,
    pub(crate) renew: Result<Vec<(String, Path)>, Told>,
    pub(crate) finish: Result<Option<Request>, Told>,
    pub(crate) details: Result<Vec<Detail>, Told>,
    pub(crate) keep: Vec<(String, Template)>,
    pub(crate) rewrite: Vec<(String, Template)>,
    pub(crate) auth: Result<PollAuth, Told>,
}

impl Parts {
    /// Reads each part with the roots that its templates may name.
    pub(crate) fn read(poll: &written::Poll, scope: &mut RequestScope<'_, '_>) -> Parts {
        let partition = poll.partitions.as_ref().map(|_| Root::Partition);
        let mut steady = vec![Root::Var];
        steady.extend(partition);
        let mut window = vec![Root::Var, Root::Secret, Root::Run, Root::Window, Root::Cursor];
        window.extend(partition);
        window.push(Root::Wait);
        window.extend((!poll.setup.is_empty()).then_some(Root::Setup));
        let partitions = scope.with(&[Root::Var, Root::Secret, Root::Run], |scope| {
            poll.partitions.as_ref().map(|written| scope.partitions(written)).transpose()
        });
        let auth = scope.with(&[Root::Var, Root::Secret], |scope| {
            let auth = auth::check(poll.auth.as_ref(), scope)?;
            auth::comes_once(&auth, poll, scope);
            Ok(auth)
        });
        let rewrite = scope.with(&steady, |scope| cursor::rewrite(&poll.cursor, scope));
        scope.with(&window, |scope| {
            let setup = scope.setup(&poll.setup);
            let pages = scope.with_wait(poll.wait.as_ref(), |scope| scope.pages(&pages_of!(poll)));
            let wait = scope.wait(poll.wait.as_ref());
            scope.without(&[Root::Window, Root::Cursor, Root::Wait], |scope| {
                let details = match &pages {
                    Ok(pages) => scope.details(&poll.details, &pages.request.origin),
                    Err(told) => Err(*told),
                };
                // What is kept goes into events, and is the same in whichever run.
                let keep =
                    scope.without(&[Root::Secret, Root::Run], |scope| scope.pairs(&poll.keep));
                let renew = scope.renew(&poll.renew);
                let next = pages.as_ref().ok().and_then(|pages| pages.next.as_ref());
                let finish = scope.finish(poll.finish.as_ref(), next);
                Parts {
                    partitions,
                    setup,
                    pages,
                    wait,
                    renew,
                    finish,
                    details,
                    keep,
                    rewrite,
                    auth,
                }
            })
        })
    }
}

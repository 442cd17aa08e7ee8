//! A vendor that leads in a circle is an error, not a bill.

use std::collections::HashSet;

use mef_ports::ResumeAt;

use crate::page::Page;

/// Watches the pages of one window.
#[derive(Debug, Default)]
pub(crate) struct LoopGuard {
    visited: HashSet<u64>,
    last_page: Option<[u8; 32]>,
}

impl LoopGuard {
    /// Notes a page and where it leads; says what is wrong if either came
    /// before.
    pub(crate) fn visit(
        &mut self,
        page: &Page,
        next: Option<&ResumeAt>,
    ) -> Result<(), &'static str> {
        let repeated = self.last_page.replace(page.digest) == Some(page.digest);
        // The last page leads nowhere, whatever it has.
        let Some(next) = next else { return Ok(()) };
        if repeated && !page.records.is_empty() {
            return Err("the same page came twice");
        }
        let text = match next {
            ResumeAt::Url(text) | ResumeAt::Token(text) => text,
        };
        if self.visited.insert(crate::seen::hash(text, None)) {
            Ok(())
        } else {
            Err("a page names one as next that was read before")
        }
    }
}

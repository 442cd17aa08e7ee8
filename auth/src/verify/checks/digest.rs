//! A digest of the request, for vendors that sign the digest in place of the
//! body.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use mef_source::checked::Digest;

use super::single_check::SingleCheck;
use crate::hash;
use crate::verify::context::Context;
use crate::verify::denied::Denied;
use crate::verify::read::values::RequestView;
use crate::verify::request_part::RequestPart;
use crate::verify::signed::signature::decode;
use crate::verify::signed::signed_text::{Around, signed_text};
use crate::verify::told::{explanation::Noticed, notes::Notes, noticed};

impl SingleCheck for Digest {
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied> {
        let part = || RequestPart::of(&self.equals);
        let sent = RequestView::whole(context.request)
            .text(&self.equals)?
            .ok_or_else(|| Denied::Missing(part()))?;
        let sent = decode(&sent, self.encoding)
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| Denied::DigestMalformed { part: part(), encoding: self.encoding })?;
        let text = signed_text(&self.of, &Around::request(context.request, context.public_url()))?;
        notes.signed(&text);
        let mut hash = digest::Context::new(hash::algorithm(self.hash));
        text.iter().for_each(|piece| hash.update(piece));
        verify_slices_are_equal(hash.finish().as_ref(), &sent)
            .map(|()| None)
            .map_err(|_| Denied::DigestMismatch(part()))
    }

    fn needs_body(&self) -> bool {
        self.of.reads_body() || self.equals.root().is_in_body()
    }

    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        let values = noticed::values(&self.equals, RequestView::whole(context.request));
        vec![noticed::credentials("digest", RequestPart::of(&self.equals), values)]
    }
}

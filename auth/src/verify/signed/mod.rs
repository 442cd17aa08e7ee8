//! Checks signatures that are made over a text of the request: the signature is
//! read, its time judged, the signed text put together, and every key tried with
//! every candidate. The kinds of keys are in `checks/`.

mod canonical;
pub(super) mod notice;
pub(super) mod signature;
pub(super) mod signed_text;
pub(super) mod timestamp;

use mef_source::Root;
use mef_source::checked::{Signed, SignedPart, SignedTime};
use url::Url;

use self::signature::Items;
use self::signed_text::{Around, SignedText, signed_text};
use super::context::Context;
use super::denied::Denied;
use super::keys::live_secrets::names;
use super::read::json;
use super::read::values::RequestView;
use super::request_part::RequestPart;
use super::told::mask::Mask;
use super::told::notes::Notes;

/// What must be signed: the request, or one value of its body.
pub(crate) struct Element<'r> {
    part: RequestPart,
    /// The signatures that may count.
    pub(crate) candidates: Vec<Vec<u8>>,
    /// The signed text; several if the source leaves open how the URL is written.
    texts: Vec<SignedText<'r>>,
    /// What goes into the key before and after the secret.
    pub(crate) key: Option<(SignedText<'r>, SignedText<'r>)>,
}

/// Checks every signature, and returns the name of the secret that matched.
///
/// `keys` returns the keys, and `matches` whether one of an element's candidates is a key's
/// signature of the text. Every key is tried with every candidate, even after one
/// has matched: so the time it takes does not tell which was right.
pub(crate) fn check<'s, K>(
    signed: &Signed,
    context: Context<'_>,
    notes: &mut Notes,
    keys: impl FnOnce() -> Result<Vec<(&'s str, K)>, Denied>,
    matches: impl Fn(&K, &SignedText<'_>, &Element<'_>) -> bool,
) -> Result<String, Denied> {
    let elements = elements(signed, context, &mut notes.mask)?;
    elements.iter().flat_map(|element| &element.texts).for_each(|text| notes.signed(text));
    let keys = keys()?;
    let mut decided_by = None;
    for element in &elements {
        let mut signed_by = None;
        for (name, key) in &keys {
            let mut is_it = false;
            for text in &element.texts {
                is_it |= matches(key, text, element);
            }
            notes.tried(name, is_it);
            if is_it {
                signed_by = Some(*name);
            }
        }
        if signed_by.is_none() {
            let (part, secrets) = (element.part.clone(), names(&keys));
            return Err(Denied::SignatureMismatch { part, secrets });
        }
        decided_by = decided_by.or(signed_by);
    }
    decided_by.map(str::to_owned).ok_or(Denied::NoCheck)
}

fn elements<'r>(
    signed: &'r Signed,
    context: Context<'r>,
    mask: &mut Mask,
) -> Result<Vec<Element<'r>>, Denied> {
    let request = context.request;
    let Some(each) = &signed.each else {
        return Ok(vec![element(signed, context, RequestView::whole(request), mask)?]);
    };
    let elements = json::all(request.body(), each)?.into_iter();
    let views = elements.map(|value| RequestView::within(request, value));
    views.map(|view| element(signed, context, view, mask)).collect()
}

fn element<'r>(
    signed: &'r Signed,
    context: Context<'r>,
    view: RequestView<'r>,
    mask: &mut Mask,
) -> Result<Element<'r>, Denied> {
    let items = signature::read(&signed.signature, view, mask)?;
    let candidates = items.candidates(&signed.signature)?;
    let time = match &signed.timestamp {
        Some(time) => Some(timestamp::check(time, view, &items, context.now)?),
        None => None,
    };
    let public_url = context.webhook.public_url.as_ref();
    let urls = match public_url {
        Some(url) if signed.url_port_variants => with_and_without_port(url),
        Some(url) => vec![url.to_string()],
        None => Vec::new(),
    };
    let around = |url| Around {
        view,
        url,
        time: time.as_deref(),
        time_header: time_header(signed),
        id: &signed.id,
        items: Some(&items),
    };
    let text = |url| signed_text(&signed.text, &around(url));
    let texts = match urls.as_slice() {
        [] => vec![text(None)?],
        urls => urls.iter().map(|url| text(Some(url.as_str()))).collect::<Result<_, _>>()?,
    };
    let key = signed.key.as_ref().map(|key| {
        let around = around(public_url.map(Url::as_str));
        Ok((signed_text(&key.before, &around)?, signed_text(&key.after, &around)?))
    });
    Ok(Element { part: items.part().clone(), candidates, texts, key: key.transpose()? })
}

/// Returns the header of the time, if the time is signed only when a list of signed
/// headers that came along names it.
fn time_header(signed: &Signed) -> Option<&str> {
    let time = signed.timestamp.as_ref().filter(|time| time.from.root() == Root::Header)?;
    let name = time.from.name();
    let by_itself = [SignedPart::Timestamp, SignedPart::Header(name.to_owned())];
    (!by_itself.iter().any(|part| signed.text.signs(part))).then_some(name)
}

/// Returns the URL without a port, and with its own port or its scheme's.
fn with_and_without_port(url: &Url) -> Vec<String> {
    let mut without = url.clone();
    // A URL with a host may have any port.
    let _ = without.set_port(None);
    let mut variants = vec![without.to_string()];
    if let Some((host, port)) = url.host_str().zip(url.port_or_known_default()) {
        variants.push(format!("{}://{host}:{port}{}", url.scheme(), url.path()));
    }
    variants
}

/// Judges what the head of a request decides of a signature over its body: that
/// one came, that it can be one, and that its time is near.
pub(crate) fn check_head(signed: &Signed, context: Context<'_>) -> Result<(), Denied> {
    let view = RequestView::whole(context.request);
    // If one of several places is in the body, it may hold what the head lacks.
    let in_head = !signed.signature.reads_body();
    let items = match in_head {
        true => signature::read(&signed.signature, view, &mut Mask::default())?,
        false => Items::unread(&signed.signature),
    };
    if in_head {
        items.candidates(&signed.signature)?;
    }
    let is_readable = |time: &&SignedTime| match time.from.root() {
        Root::Signature => in_head,
        root => !root.is_in_body(),
    };
    if let Some(time) = signed.timestamp.as_ref().filter(is_readable) {
        timestamp::check(time, view, &items, context.now)?;
    }
    Ok(())
}

/// Returns whether the body is needed to check all of it.
pub(crate) fn needs_body(signed: &Signed) -> bool {
    signed.each.is_some()
        || signed.text.reads_body()
        || signed.signature.reads_body()
        || signed.id.iter().any(|path| path.root().is_in_body())
        || signed.timestamp.as_ref().is_some_and(|time| time.from.root().is_in_body())
        || signed.key.as_ref().is_some_and(|key| key.before.reads_body() || key.after.reads_body())
}

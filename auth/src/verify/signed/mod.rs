//! What every kind of signature has in common: it is read, its time judged, the
//! signed text put together, and every key tried with every candidate.

pub(crate) mod canonical;
pub(crate) mod signature;
pub(crate) mod signed_text;
pub(crate) mod timestamp;

use mef_source::Root;
use mef_source::checked::{Signed, SignedPart, SignedTime};
use url::Url;

use self::signature::Items;
use self::signed_text::{Around, Text, signed_text};
use crate::verify::Context;
use crate::verify::read::request_part::Place;
use crate::verify::read::values::{self as read, Scope};
use crate::verify::told::denied::Denied;
use crate::verify::told::mask::Mask;

/// The most values that are signed one by one in a body.
const MAX_ELEMENTS: usize = 1_000;

/// What must be signed: the request, or one value of its body.
struct Claim<'r> {
    place: Place,
    candidates: Vec<Vec<u8>>,
    /// The signed text; several where the source leaves open how the URL is
    /// written.
    texts: Vec<Text<'r>>,
}

/// Checks that all that must be signed is, and gives the name of the secret
/// that decided.
///
/// `keys` gives the keys, and `matches` says whether one of the candidates is
/// its signature of the text. Every key is tried with every candidate, whatever
/// has matched by then: how long it takes says nothing about which was right.
pub(crate) fn check<'s, K>(
    signed: &Signed,
    context: Context<'_>,
    mask: &mut Mask,
    keys: impl FnOnce() -> Result<Vec<(&'s str, K)>, Denied>,
    matches: impl Fn(&K, &Text<'_>, &[Vec<u8>]) -> bool,
) -> Result<String, Denied> {
    let claims = claims(signed, context, mask)?;
    claims.iter().flat_map(|claim| &claim.texts).for_each(|text| mask.trace.signed(text));
    let keys = keys()?;
    let mut decided_by = None;
    for claim in &claims {
        let mut signed_by = None;
        for (name, key) in &keys {
            let mut is_it = false;
            for text in &claim.texts {
                is_it |= matches(key, text, &claim.candidates);
            }
            mask.trace.tried(name, is_it);
            if is_it {
                signed_by = Some(*name);
            }
        }
        if signed_by.is_none() {
            let mut secrets: Vec<_> = keys.iter().map(|(name, _)| (*name).to_owned()).collect();
            secrets.dedup();
            return Err(Denied::SignatureMismatch { place: claim.place.clone(), secrets });
        }
        decided_by = decided_by.or(signed_by);
    }
    decided_by.map(str::to_owned).ok_or(Denied::NoCheck)
}

fn claims<'r>(
    signed: &'r Signed,
    context: Context<'r>,
    mask: &mut Mask,
) -> Result<Vec<Claim<'r>>, Denied> {
    let request = context.request;
    let Some(each) = &signed.each else {
        return Ok(vec![claim(signed, context, Scope::whole(request), mask)?]);
    };
    let elements = read::json_all(request.body(), each)?;
    if elements.len() > MAX_ELEMENTS {
        return Err(Denied::TooManySignatures { place: Place::of(each), limit: MAX_ELEMENTS });
    }
    let scopes = elements.into_iter().map(|element| Scope::within(request, element));
    scopes.map(|scope| claim(signed, context, scope, mask)).collect()
}

fn claim<'r>(
    signed: &'r Signed,
    context: Context<'r>,
    scope: Scope<'r>,
    mask: &mut Mask,
) -> Result<Claim<'r>, Denied> {
    let items = signature::read(&signed.signature, scope, mask)?;
    let candidates = items.candidates(&signed.signature)?;
    let time = match &signed.timestamp {
        Some(time) => Some(timestamp::check(time, scope, &items, context.now)?),
        None => None,
    };
    let around = |url| Around {
        scope,
        url,
        time: time.as_deref(),
        time_header: time_header(signed),
        id: &signed.id,
    };
    let public_url = context.webhook.public_url.as_ref();
    let texts = match public_url.filter(|_| signed.url_port_variants) {
        Some(url) => with_and_without_port(url)
            .iter()
            .map(|url| signed_text(&signed.text, &around(Some(url))))
            .collect::<Result<_, _>>()?,
        None => vec![signed_text(&signed.text, &around(public_url.map(Url::as_str)))?],
    };
    Ok(Claim { place: items.place().clone(), candidates, texts })
}

/// The header of the time, where it is signed only if a list of headers that
/// came along names it.
fn time_header(signed: &Signed) -> Option<&str> {
    let time = signed.timestamp.as_ref().filter(|time| time.from.root() == Root::Header)?;
    let name = time.from.name();
    let by_itself = [SignedPart::Timestamp, SignedPart::Header(name.to_owned())];
    (!by_itself.iter().any(|part| signed.text.signs(part))).then_some(name)
}

/// The URL without a port, and with its own or its scheme's.
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
pub(crate) fn check_head(
    signed: &Signed,
    context: Context<'_>,
    mask: &mut Mask,
) -> Result<(), Denied> {
    let scope = Scope::whole(context.request);
    // One place of several in the body may hold what the head lacks.
    let in_head = !signed.signature.reads_body();
    let items = match in_head {
        true => signature::read(&signed.signature, scope, mask)?,
        false => Items::unread(&signed.signature),
    };
    if in_head {
        items.candidates(&signed.signature)?;
    }
    if let Some(time) = &signed.timestamp
        && is_seen(time, in_head)
    {
        timestamp::check(time, scope, &items, context.now)?;
    }
    Ok(())
}

fn is_seen(time: &SignedTime, signature_is_in_head: bool) -> bool {
    match time.from.root() {
        Root::Record => false,
        Root::Signature => signature_is_in_head,
        _ => true,
    }
}

/// Whether the body is needed to check all of it.
pub(crate) fn needs_body(signed: &Signed) -> bool {
    signed.each.is_some()
        || signed.text.reads_body()
        || signed.signature.reads_body()
        || signed.id.iter().any(|path| path.root() == Root::Record)
        || signed.timestamp.as_ref().is_some_and(|time| time.from.root() == Root::Record)
}

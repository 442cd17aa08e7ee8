//! What the interpreter asks of values: to read their parts and to change them.

use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Error, Exn, ValR, ValT, ValX};

use super::budget::{self, VALUE};
use super::number::Num;
use super::operators::{own_list, own_object, spent};
use super::value::{List, Object, Val};

type Values = Box<dyn Iterator<Item = ValR<Val>>>;
type Pairs = Box<dyn Iterator<Item = Result<(Val, Val), Error<Val>>>>;

const ITERABLE: &str = "array or object";

impl ValT for Val {
    fn from_num(text: &str) -> ValR<Val> {
        Num::written(text).map(Val::Num).ok_or_else(|| Error::str("this is no number"))
    }

    fn from_map<I: IntoIterator<Item = (Val, Val)>>(pairs: I) -> ValR<Val> {
        let mut entries = IndexMap::new();
        for (key, value) in pairs {
            let Val::Str(key) = key else { return Err(key_fault(key)) };
            if !budget::pay_bytes(VALUE) {
                return Err(spent());
            }
            entries.insert(key, value);
        }
        Ok(Val::object(entries))
    }

    fn key_values(self) -> Pairs {
        match self {
            Val::Arr(list) => match own_list(list, 0) {
                Ok(list) => Box::new(
                    list.items
                        .into_iter()
                        .enumerate()
                        .map(|(at, value)| Ok((Val::from(at), value))),
                ),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
            Val::Obj(object) => match own_object(object, 0) {
                Ok(object) => Box::new(
                    object.entries.into_iter().map(|(key, value)| Ok((Val::Str(key), value))),
                ),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
            other => Box::new(std::iter::once(Err(Error::typ(other, ITERABLE)))),
        }
    }

    fn values(self) -> Values {
        Box::new(self.key_values().map(|pair| pair.map(|(_, value)| value)))
    }

    fn index(self, index: &Val) -> ValR<Val> {
        Ok(match (self, index) {
            (Val::Null, Val::Null | Val::Str(_) | Val::Num(_) | Val::Obj(_)) => Val::Null,
            (Val::Obj(object), Val::Str(key)) => {
                object.entries.get(&**key).cloned().unwrap_or(Val::Null)
            }
            (Val::Arr(list), Val::Num(number)) => number
                .as_index()
                .and_then(|index| offset(index, list.items.len()))
                .and_then(|at| list.items.get(at).cloned())
                .unwrap_or(Val::Null),
            (value @ (Val::Arr(_) | Val::Str(_)), Val::Obj(bounds)) => {
                return value.range(range_of(bounds));
            }
            // The key is most often written in the program, so it may be named.
            (value, Val::Str(key)) if key.len() <= 60 => {
                return Err(Error::str(format!("cannot index {value} with `{key}`")));
            }
            (value, index) => return Err(Error::index(value, index.clone())),
        })
    }

    fn range(self, range: Range<&Val>) -> ValR<Val> {
        match self {
            Val::Null => Ok(Val::Null),
            Val::Arr(list) => {
                let (from, to) = bounds(&range, list.items.len())?;
                let slice = list.items.get(from..to).unwrap_or_default();
                Ok(slice.iter().cloned().collect())
            }
            Val::Str(text) => {
                budget::pay_look(text.len());
                let (from, to) = text_bounds(&range, &text)?;
                Ok(Val::str(text.get(from..to).unwrap_or_default()))
            }
            other => Err(Error::typ(other, "array or string")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Val>>>(
        self,
        opt: Opt,
        f: impl Fn(Val) -> I,
    ) -> ValX<'a, Val> {
        match self {
            Val::Arr(list) => own_list(list, 0)?.items.into_iter().flat_map(f).collect(),
            Val::Obj(object) => {
                let mut entries = IndexMap::new();
                for (key, value) in own_object(object, 0)?.entries {
                    if let Some(value) = f(value).next().transpose()? {
                        entries.insert(key, value);
                    }
                }
                Ok(Val::object(entries))
            }
            other => opt.fail(other, |other| Exn::from(Error::typ(other, ITERABLE))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Val>>>(
        self,
        index: &Val,
        opt: Opt,
        f: impl Fn(Val) -> I,
    ) -> ValX<'a, Val> {
        match (self, index) {
            (value @ (Val::Arr(_) | Val::Str(_)), Val::Obj(bounds)) => {
                value.map_range(range_of(bounds), opt, f)
            }
            (Val::Obj(object), Val::Str(key)) => change_entry(own_object(object, 1)?, key, f),
            (Val::Null, Val::Str(key)) => change_entry(Object::default(), key, f),
            (Val::Arr(list), Val::Num(number)) => {
                let at = number.as_index().and_then(|index| offset(index, list.items.len()));
                match at {
                    Some(at) => change_item(own_list(list, 0)?, at, f),
                    None => opt.fail(Val::Arr(list), |_| {
                        Exn::from(Error::str("this array has no element at that index"))
                    }),
                }
            }
            (value, index) => {
                opt.fail(value, |value| Exn::from(Error::index(value, index.clone())))
            }
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Val>>>(
        self,
        range: Range<&Val>,
        opt: Opt,
        f: impl Fn(Val) -> I,
    ) -> ValX<'a, Val> {
        match self {
            Val::Arr(list) => {
                let (from, to) = match bounds(&range, list.items.len()) {
                    Ok(bounds) => bounds,
                    Err(error) => return opt.fail(Val::Arr(list), |_| Exn::from(error)),
                };
                let slice = list.items.get(from..to).unwrap_or_default();
                let new = match f(slice.iter().cloned().collect()).next().transpose()? {
                    None => Vec::new(),
                    Some(Val::Arr(new)) => own_list(new, 0)?.items,
                    Some(other) => return Err(Exn::from(Error::typ(other, "array"))),
                };
                let mut list = own_list(list, new.len())?;
                list.items.splice(from..to, new);
                Ok(Val::list(list.items))
            }
            Val::Str(text) => {
                let (from, to) = match text_bounds(&range, &text) {
                    Ok(bounds) => bounds,
                    Err(error) => return opt.fail(Val::Str(text), |_| Exn::from(error)),
                };
                let slice = Val::str(text.get(from..to).unwrap_or_default());
                let new = match f(slice).next().transpose()? {
                    None => Arc::from(""),
                    Some(Val::Str(new)) => new,
                    Some(other) => return Err(Exn::from(Error::typ(other, "string"))),
                };
                let (before, after) =
                    (text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default());
                budget::pay_bytes((text.len() + new.len()) as u64);
                Ok(Val::str(format!("{before}{new}{after}")))
            }
            other => opt.fail(other, |other| Exn::from(Error::typ(other, "array or string"))),
        }
    }

    fn as_bool(&self) -> bool {
        self.is_true()
    }

    fn into_string(self) -> Val {
        match self {
            text @ Val::Str(_) => text,
            other => Val::str(other.to_text()),
        }
    }
}

fn key_fault(key: Val) -> Error<Val> {
    Error::str(format!("{key} cannot be a key"))
}

/// Returns the offset of `index` in something of length `len`. A negative index counts
/// from the end.
fn offset(index: i64, len: usize) -> Option<usize> {
    let at = match usize::try_from(index) {
        Ok(at) => at,
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    (at < len).then_some(at)
}

fn range_of(bounds: &Object) -> Range<&Val> {
    bounds.entries.get("start")..bounds.entries.get("end")
}

/// Returns the bounds of the range in something of length `len`; the end is never
/// before the start.
fn bounds(range: &Range<&Val>, len: usize) -> Result<(usize, usize), Error<Val>> {
    let bound = |bound: Option<&Val>, default: usize| match bound {
        None | Some(Val::Null) => Ok(default),
        Some(Val::Num(number)) => {
            let index = number.as_index().unwrap_or_default();
            Ok(match usize::try_from(index) {
                Ok(at) => at.min(len),
                Err(_) => len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(len)),
            })
        }
        Some(other) => Err(Error::typ(other.clone(), "number")),
    };
    let from = bound(range.start, 0)?;
    Ok((from, bound(range.end, len)?.max(from)))
}

/// Returns the bounds in bytes of a range of characters.
fn text_bounds(range: &Range<&Val>, text: &str) -> Result<(usize, usize), Error<Val>> {
    let (from, to) = bounds(range, text.chars().count())?;
    let byte = |at| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    Ok((byte(from), byte(to)))
}

fn change_entry<'a, I: Iterator<Item = ValX<'a, Val>>>(
    mut object: Object,
    key: &Arc<str>,
    f: impl Fn(Val) -> I,
) -> ValX<'a, Val> {
    match object.entries.entry(Arc::clone(key)) {
        Entry::Occupied(mut entry) => {
            let old = std::mem::replace(entry.get_mut(), Val::Null);
            match f(old).next().transpose()? {
                Some(new) => {
                    object.levels = object.levels.max(new.levels() + 1);
                    entry.insert(new);
                }
                None => {
                    entry.shift_remove();
                }
            }
        }
        Entry::Vacant(entry) => {
            if let Some(new) = f(Val::Null).next().transpose()? {
                object.levels = object.levels.max(new.levels() + 1);
                entry.insert(new);
            }
        }
    }
    object.levels = object.levels.max(1);
    Ok(object.into_val())
}

fn change_item<'a, I: Iterator<Item = ValX<'a, Val>>>(
    mut list: List,
    at: usize,
    f: impl Fn(Val) -> I,
) -> ValX<'a, Val> {
    let Some(item) = list.items.get_mut(at) else { return Ok(Val::Arr(Arc::new(list))) };
    match f(std::mem::replace(item, Val::Null)).next().transpose()? {
        Some(new) => {
            list.levels = list.levels.max(new.levels() + 1);
            *item = new;
        }
        None => {
            list.items.remove(at);
        }
    }
    Ok(list.into_val())
}

impl jaq_std::ValT for Val {
    fn into_seq<S: FromIterator<Val>>(self) -> Result<S, Val> {
        match self {
            Val::Arr(list) => match own_list(list, 0) {
                Ok(list) => Ok(list.items.into_iter().collect()),
                Err(_) => Ok(std::iter::empty().collect()),
            },
            other => Err(other),
        }
    }

    fn is_int(&self) -> bool {
        matches!(self, Val::Num(number) if number.is_whole())
    }

    fn as_isize(&self) -> Option<isize> {
        match self {
            // Callers negate the number, which would overflow for the least of all.
            Val::Num(Num::Int(int)) => isize::try_from(*int).ok().filter(|int| *int != isize::MIN),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Val::Num(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self, Val::Str(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Val::Str(text) => {
                budget::pay_look(text.len());
                Some(text.as_bytes())
            }
            _ => None,
        }
    }

    fn as_sub_str(&self, sub: &[u8]) -> Val {
        Val::str(String::from_utf8_lossy(sub))
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Val {
        Val::str(String::from_utf8_lossy(bytes.as_ref()))
    }
}

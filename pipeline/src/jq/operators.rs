//! The operators `+ - * / %` on values.

use std::collections::BTreeSet;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use jaq_core::ops::Math;
use jaq_core::{Error, ValR};

use super::budget::{self, VALUE};
use super::number::Num;
use super::value::{List, Object, Val};
use crate::decode::json::MOST_LEVELS;

fn number(found: Option<Num>) -> ValR<Val> {
    found.map(Val::Num).ok_or_else(|| {
        Error::str("the result is no number (a division by zero, or beyond all floats)")
    })
}

/// Returns the error of an operator when the budget is spent.
pub(super) fn spent() -> Error<Val> {
    Error::str("the run is at its end")
}

impl Add for Val {
    type Output = ValR<Val>;

    fn add(self, other: Val) -> ValR<Val> {
        match (self, other) {
            (Val::Null, value) | (value, Val::Null) => Ok(value),
            (Val::Num(a), Val::Num(b)) => number(a.add(&b)),
            (Val::Str(a), Val::Str(b)) => {
                if !budget::pay_bytes((a.len() + b.len()) as u64) {
                    return Err(spent());
                }
                let mut text = String::with_capacity(a.len() + b.len());
                text.push_str(&a);
                text.push_str(&b);
                Ok(Val::Str(text.into()))
            }
            (Val::Arr(a), Val::Arr(b)) => {
                let mut list = own_list(a, b.items.len())?;
                list.items.extend(b.items.iter().cloned());
                list.levels = list.levels.max(b.levels);
                Ok(Val::Arr(Arc::new(list)))
            }
            (Val::Obj(a), Val::Obj(b)) => {
                let mut object = own_object(a, b.entries.len())?;
                let entries = b.entries.iter().map(|(key, value)| (Arc::clone(key), value.clone()));
                object.entries.extend(entries);
                object.levels = object.levels.max(b.levels);
                Ok(Val::Obj(Arc::new(object)))
            }
            (a, b) => Err(Error::math(a, Math::Add, b)),
        }
    }
}

/// Returns the list for this owner alone, and pays for `more` elements. The list is
/// copied only if it is shared.
pub(super) fn own_list(list: Arc<List>, more: usize) -> Result<List, Error<Val>> {
    let copied = if Arc::strong_count(&list) == 1 { 0 } else { list.items.len() };
    if !budget::pay_bytes((copied + more) as u64 * VALUE) {
        return Err(spent());
    }
    Ok(Arc::unwrap_or_clone(list))
}

/// Returns the object for this owner alone, as [`own_list`] does.
pub(super) fn own_object(object: Arc<Object>, more: usize) -> Result<Object, Error<Val>> {
    let copied = if Arc::strong_count(&object) == 1 { 0 } else { object.entries.len() };
    if !budget::pay_bytes((copied + more) as u64 * 2 * VALUE) {
        return Err(spent());
    }
    Ok(Arc::unwrap_or_clone(object))
}

impl Sub for Val {
    type Output = ValR<Val>;

    fn sub(self, other: Val) -> ValR<Val> {
        match (self, other) {
            (Val::Num(a), Val::Num(b)) => number(a.sub(&b)),
            (Val::Arr(a), Val::Arr(b)) => {
                let without: BTreeSet<_> = b.items.iter().collect();
                let mut list = own_list(a, 0)?;
                list.items.retain(|item| !without.contains(item));
                Ok(Val::Arr(Arc::new(list)))
            }
            (a, b) => Err(Error::math(a, Math::Sub, b)),
        }
    }
}

impl Mul for Val {
    type Output = ValR<Val>;

    fn mul(self, other: Val) -> ValR<Val> {
        match (self, other) {
            (Val::Num(a), Val::Num(b)) => number(a.mul(&b)),
            (Val::Obj(a), Val::Obj(b)) => merge(a, b, MOST_LEVELS),
            (Val::Str(_), Val::Num(_)) | (Val::Num(_), Val::Str(_)) => {
                Err(Error::str("a string is not repeated in a source file"))
            }
            (a, b) => Err(Error::math(a, Math::Mul, b)),
        }
    }
}

/// Merges `b` into `a`, level by level where both hold an object.
fn merge(a: Arc<Object>, b: Arc<Object>, left: usize) -> ValR<Val> {
    let mut object = own_object(a, b.entries.len())?;
    for (key, value) in &b.entries {
        let merged = match (object.entries.get_mut(key), value, left.checked_sub(1)) {
            (Some(slot @ Val::Obj(_)), Val::Obj(theirs), Some(left)) => {
                match std::mem::replace(slot, Val::Null) {
                    Val::Obj(ours) => merge(ours, Arc::clone(theirs), left)?,
                    other => other,
                }
            }
            _ => value.clone(),
        };
        object.levels = object.levels.max(merged.levels() + 1);
        object.entries.insert(Arc::clone(key), merged);
    }
    Ok(object.into_val())
}

impl Div for Val {
    type Output = ValR<Val>;

    fn div(self, other: Val) -> ValR<Val> {
        match (self, other) {
            (Val::Num(a), Val::Num(b)) => number(a.div(&b)),
            (Val::Str(a), Val::Str(b)) => Ok(split(&a, &b)),
            (a, b) => Err(Error::math(a, Math::Div, b)),
        }
    }
}

/// Splits a text at separators, or into its characters if the separator is empty.
pub(super) fn split(text: &str, separator: &str) -> Val {
    if text.is_empty() {
        return Val::list(Vec::new());
    }
    if separator.is_empty() {
        return text.chars().map(|char| Val::str(char.to_string())).collect();
    }
    text.split(separator).map(Val::str).collect()
}

impl Rem for Val {
    type Output = ValR<Val>;

    fn rem(self, other: Val) -> ValR<Val> {
        match (self, other) {
            (Val::Num(a), Val::Num(b)) => number(a.rem(&b)),
            (a, b) => Err(Error::math(a, Math::Rem, b)),
        }
    }
}

impl Neg for Val {
    type Output = ValR<Val>;

    fn neg(self) -> ValR<Val> {
        match self {
            Val::Num(a) => number(a.neg()),
            other => Err(Error::typ(other, "number")),
        }
    }
}

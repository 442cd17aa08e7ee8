//! Functions on lists, objects and values of any kind.

use std::sync::Arc;

use indexmap::IndexMap;
use jaq_core::native::{Filter, Fun, bome, run, unary, v};
use jaq_core::{Error, RunPtr, ValR, ValT as _};

use super::budget;
use super::data::Jq;
use super::operators::{own_list, spent};
use super::value::Val;

pub(super) fn functions() -> Vec<Fun<Jq>> {
    let list: Vec<Filter<RunPtr<Jq>>> = vec![
        ("type", v(0), |cv| bome(Ok(Val::str(cv.1.kind())))),
        ("length", v(0), |cv| bome(length(cv.1))),
        ("keys", v(0), |cv| bome(keys(&cv.1))),
        ("has", v(1), |cv| unary(cv, |value, key| has(&value, &key))),
        ("in", v(1), |cv| unary(cv, |key, value| has(&value, &key))),
        ("contains", v(1), |cv| unary(cv, |whole, part| Ok(contains(&whole, &part).into()))),
        ("inside", v(1), |cv| unary(cv, |part, whole| Ok(contains(&whole, &part).into()))),
        ("indices", v(1), |cv| {
            unary(cv, |whole, part| {
                Ok(indices(&whole, &part)?.into_iter().map(Val::from).collect())
            })
        }),
        ("index", v(1), |cv| unary(cv, |whole, part| Ok(end(indices(&whole, &part)?.first())))),
        ("rindex", v(1), |cv| unary(cv, |whole, part| Ok(end(indices(&whole, &part)?.last())))),
        ("add", v(0), |cv| bome(add(cv.1))),
        ("flatten", v(0), |cv| bome(flatten(cv.1, usize::MAX))),
        ("flatten", v(1), |cv| {
            unary(cv, |list, depth| match &depth {
                Val::Num(number) => flatten(list, number.as_f64().max(0.0) as usize),
                other => Err(Error::typ(other.clone(), "number")),
            })
        }),
        ("getpath", v(1), |cv| unary(cv, |value, path| get(value, &path))),
        ("from_entries", v(0), |cv| bome(from_entries(cv.1))),
        ("toboolean", v(0), |cv| {
            bome(match &cv.1 {
                Val::Bool(bool) => Ok(Val::Bool(*bool)),
                Val::Str(text) if &**text == "true" => Ok(Val::Bool(true)),
                Val::Str(text) if &**text == "false" => Ok(Val::Bool(false)),
                other => Err(Error::typ(other.clone(), "boolean")),
            })
        }),
    ];
    list.into_iter().map(run::<Jq>).collect()
}

fn items(value: Val) -> Result<Vec<Val>, Error<Val>> {
    match value {
        Val::Arr(list) => Ok(own_list(list, 0)?.items),
        other => Err(Error::typ(other, "array")),
    }
}

fn length(value: Val) -> ValR<Val> {
    Ok(match &value {
        Val::Null => Val::from(0_usize),
        Val::Str(text) => {
            budget::pay_look(text.len());
            Val::from(text.chars().count())
        }
        Val::Arr(list) => Val::from(list.items.len()),
        Val::Obj(object) => Val::from(object.entries.len()),
        Val::Num(number) if number.as_f64() < 0.0 => return -value,
        Val::Num(_) => value,
        Val::Bool(_) => return Err(Error::str("a boolean has no length")),
    })
}

fn keys(value: &Val) -> ValR<Val> {
    match value {
        Val::Arr(list) => Ok((0..list.items.len()).map(Val::from).collect()),
        Val::Obj(object) => {
            budget::pay(object.entries.len() as u64 * 4);
            let mut keys: Vec<_> = object.entries.keys().cloned().collect();
            keys.sort();
            Ok(keys.into_iter().map(Val::Str).collect())
        }
        other => Err(Error::typ(other.clone(), "array or object")),
    }
}

fn has(value: &Val, key: &Val) -> ValR<Val> {
    match (value, key) {
        (Val::Obj(object), Val::Str(key)) => Ok(object.entries.contains_key(&**key).into()),
        (Val::Arr(list), Val::Num(number)) => {
            let at = number.as_index().and_then(|index| usize::try_from(index).ok());
            Ok(at.is_some_and(|at| at < list.items.len()).into())
        }
        (value, key) => Err(Error::index(value.clone(), key.clone())),
    }
}

fn contains(whole: &Val, part: &Val) -> bool {
    if !budget::pay(1) {
        return false;
    }
    match (whole, part) {
        (Val::Str(whole), Val::Str(part)) => {
            budget::pay_look(whole.len());
            whole.contains(&**part)
        }
        (Val::Arr(whole), Val::Arr(part)) => {
            part.items.iter().all(|part| whole.items.iter().any(|whole| contains(whole, part)))
        }
        (Val::Obj(whole), Val::Obj(part)) => part
            .entries
            .iter()
            .all(|(key, part)| whole.entries.get(key).is_some_and(|whole| contains(whole, part))),
        (whole, part) => whole == part,
    }
}

fn indices(whole: &Val, part: &Val) -> Result<Vec<usize>, Error<Val>> {
    match (whole, part) {
        (Val::Null, _) => Ok(Vec::new()),
        (Val::Str(_), Val::Str(part)) if part.is_empty() => Ok(Vec::new()),
        (Val::Str(whole), Val::Str(part)) => {
            budget::pay(whole.len() as u64);
            let mut found = Vec::new();
            // Matches may overlap. Their positions are counted in characters.
            for (at, (byte, _)) in whole.char_indices().enumerate() {
                if whole.get(byte..).is_some_and(|rest| rest.starts_with(&**part)) {
                    found.push(at);
                }
            }
            Ok(found)
        }
        (Val::Arr(_), Val::Arr(part)) if part.items.is_empty() => Ok(Vec::new()),
        (Val::Arr(whole), Val::Arr(part)) => Ok(whole
            .items
            .windows(part.items.len())
            .enumerate()
            .filter(|(_, window)| budget::pay(1) && *window == part.items.as_slice())
            .map(|(at, _)| at)
            .collect()),
        (Val::Arr(whole), part) => Ok(whole
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| budget::pay(1) && *item == part)
            .map(|(at, _)| at)
            .collect()),
        (whole, part) => Err(Error::index(whole.clone(), part.clone())),
    }
}

fn end(found: Option<&usize>) -> Val {
    found.map_or(Val::Null, |at| Val::from(*at))
}

/// Returns the sum of all elements. Strings are joined at once, since joining them one
/// by one would take quadratic time.
fn add(value: Val) -> ValR<Val> {
    let items: Vec<Val> = value.values().collect::<Result<_, _>>()?;
    let texts: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Val::Str(text) => Some(&**text),
            _ => None,
        })
        .collect();
    match texts {
        Some(texts) if !texts.is_empty() => {
            if !budget::pay_bytes(texts.iter().map(|text| text.len() as u64).sum()) {
                return Err(spent());
            }
            Ok(Val::Str(texts.concat().into()))
        }
        _ => items.into_iter().try_fold(Val::Null, |sum, item| sum + item),
    }
}

fn flatten(value: Val, depth: usize) -> ValR<Val> {
    fn put(into: &mut Vec<Val>, item: &Val, left: usize) {
        match (item, left.checked_sub(1)) {
            (Val::Arr(list), Some(left)) => {
                for item in list.items.iter().take_while(|_| budget::pay(1)) {
                    put(into, item, left);
                }
            }
            (item, _) => {
                if budget::pay_bytes(budget::VALUE) {
                    into.push(item.clone());
                }
            }
        }
    }
    let mut flat = Vec::new();
    for item in items(value)? {
        put(&mut flat, &item, depth);
    }
    Ok(Val::list(flat))
}

fn get(value: Val, path: &Val) -> ValR<Val> {
    let Val::Arr(path) = path else { return Err(Error::typ(path.clone(), "array")) };
    path.items.iter().try_fold(value, |value, key| value.index(key))
}

/// Makes an object from a list of `{key, value}`, under any of the names that jq allows.
fn from_entries(value: Val) -> ValR<Val> {
    let mut entries = IndexMap::new();
    for entry in items(value)? {
        let Val::Obj(entry) = &entry else { return Err(Error::typ(entry, "object")) };
        let get = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| entry.entries.get(*name));
            found.find(|found| !matches!(found, Val::Null)).cloned().unwrap_or(Val::Null)
        };
        let key: Arc<str> = match get(&["key", "k", "name", "Name", "Key", "K"]) {
            Val::Str(key) => key,
            Val::Null => "null".into(),
            key @ (Val::Bool(_) | Val::Num(_)) => key.to_text(),
            other => return Err(Error::typ(other, "string")),
        };
        if !budget::pay_bytes(2 * budget::VALUE) {
            return Err(spent());
        }
        entries.insert(key, get(&["value", "v", "Value", "V"]));
    }
    Ok(Val::object(entries))
}

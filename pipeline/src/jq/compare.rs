//! The order of values, as in jq: null, false, true, numbers, strings, arrays,
//! objects.

use std::cmp::Ordering;
use std::sync::Arc;

use super::budget;
use super::value::{Object, Val};

impl Ord for Val {
    fn cmp(&self, other: &Val) -> Ordering {
        match (self, other) {
            (Val::Null, Val::Null) => Ordering::Equal,
            (Val::Bool(a), Val::Bool(b)) => a.cmp(b),
            (Val::Num(a), Val::Num(b)) => {
                budget::pay_look(a.len() + b.len());
                a.cmp(b)
            }
            (Val::Str(a), Val::Str(b)) => {
                budget::pay_look(a.len().min(b.len()));
                a.cmp(b)
            }
            (Val::Arr(a), Val::Arr(b)) => {
                budget::pay(1);
                if Arc::ptr_eq(a, b) {
                    return Ordering::Equal;
                }
                lists(&mut a.items.iter().zip(&b.items), a.items.len(), b.items.len())
            }
            (Val::Obj(a), Val::Obj(b)) => {
                if Arc::ptr_eq(a, b) {
                    return Ordering::Equal;
                }
                objects(a, b)
            }
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

/// Compares lists: by the first pair that differs, then by their lengths `a` and `b`.
fn lists(pairs: &mut dyn Iterator<Item = (&Val, &Val)>, a: usize, b: usize) -> Ordering {
    for (a, b) in pairs {
        // The budget is spent, so the program ends and the result does not matter.
        if !budget::pay(1) {
            break;
        }
        let order = a.cmp(b);
        if order != Ordering::Equal {
            return order;
        }
    }
    a.cmp(&b)
}

/// Compares objects: first by their sorted keys, then by the values in that order.
fn objects(a: &Object, b: &Object) -> Ordering {
    budget::pay((a.entries.len() + b.entries.len()) as u64 * 4);
    let sorted = |object: &Object| -> Vec<Arc<str>> {
        let mut keys: Vec<_> = object.entries.keys().cloned().collect();
        keys.sort();
        keys
    };
    let (keys, others) = (sorted(a), sorted(b));
    keys.cmp(&others).then_with(|| {
        let mut pairs =
            keys.iter().filter_map(|key| Some((a.entries.get(key)?, b.entries.get(key)?)));
        lists(&mut pairs, 0, 0)
    })
}

fn rank(value: &Val) -> u8 {
    match value {
        Val::Null => 0,
        Val::Bool(_) => 1,
        Val::Num(_) => 2,
        Val::Str(_) => 3,
        Val::Arr(_) => 4,
        Val::Obj(_) => 5,
    }
}

impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Val) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Val) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Val {}

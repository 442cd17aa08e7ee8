//! Numbers that keep their digits.
//!
//! A number that a program only passes on comes out as it came in. Arithmetic is
//! exact for whole numbers of up to 38 digits; all others become 64-bit floats. A
//! result that is not finite is an error, since JSON cannot write it.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Number;

/// A number.
#[derive(Clone, Debug)]
pub(super) enum Num {
    /// A whole number in its usual form.
    Int(i64),
    /// The result of arithmetic; always finite.
    Float(f64),
    /// Any other number, with the digits it was written with.
    Digits(Arc<str>),
}

/// Beyond this, not every whole number is a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Num {
    /// Returns a number of a record.
    pub(super) fn read(number: &Number) -> Num {
        Num::parse(number.as_str())
    }

    fn parse(digits: &str) -> Num {
        match digits.parse() {
            // As an integer, `-0` would become `0`.
            Ok(int) if digits != "-0" => Num::Int(int),
            _ => Num::Digits(digits.into()),
        }
    }

    /// Reads a number in a program's text, or in a string that a program converts;
    /// `None` if it is no number.
    pub(super) fn written(text: &str) -> Option<Num> {
        match text.parse::<Number>() {
            Ok(number) => Some(Num::read(&number)),
            // jq allows more than JSON does, such as `007`.
            Err(_)
                if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) =>
            {
                Num::float(text.parse().ok()?)
            }
            Err(_) => None,
        }
    }

    /// Returns the float as a number; `None` if it is not finite.
    pub(super) fn float(float: f64) -> Option<Num> {
        if !float.is_finite() {
            return None;
        }
        if float.fract() == 0.0 && float.abs() < EXACT {
            return Some(Num::Int(float as i64));
        }
        Some(Num::Float(float))
    }

    fn int(int: i128) -> Num {
        i64::try_from(int).map_or_else(|_| Num::Digits(int.to_string().into()), Num::Int)
    }

    /// Returns the number as JSON.
    pub(super) fn to_json(&self) -> Option<Number> {
        match self {
            Num::Int(int) => Some(Number::from(*int)),
            Num::Float(float) => Number::from_f64(*float),
            Num::Digits(digits) => digits.parse().ok(),
        }
    }

    fn whole(&self) -> Option<i128> {
        match self {
            Num::Int(int) => Some(i128::from(*int)),
            Num::Float(_) => None,
            Num::Digits(digits) => digits.parse().ok(),
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        match self {
            Num::Int(_) => true,
            Num::Float(_) => false,
            Num::Digits(digits) => is_whole(digits),
        }
    }

    /// Returns the nearest float, which may be infinite.
    pub(super) fn as_f64(&self) -> f64 {
        match self {
            Num::Int(int) => *int as f64,
            Num::Float(float) => *float,
            Num::Digits(digits) => digits.parse().unwrap_or(f64::INFINITY),
        }
    }

    /// Returns the number as an index, rounded down.
    pub(super) fn as_index(&self) -> Option<i64> {
        match self {
            Num::Int(int) => Some(*int),
            other => Some(other.as_f64().floor() as i64),
        }
    }

    /// Returns the sum; `None` if it is not finite.
    pub(super) fn add(&self, other: &Num) -> Option<Num> {
        self.calculate(other, i128::checked_add, |a, b| a + b)
    }

    /// Returns the difference; `None` if it is not finite.
    pub(super) fn sub(&self, other: &Num) -> Option<Num> {
        self.calculate(other, i128::checked_sub, |a, b| a - b)
    }

    /// Returns the product; `None` if it is not finite.
    pub(super) fn mul(&self, other: &Num) -> Option<Num> {
        self.calculate(other, i128::checked_mul, |a, b| a * b)
    }

    /// Returns the quotient; `None` if it is not finite.
    pub(super) fn div(&self, other: &Num) -> Option<Num> {
        let exact = |a: i128, b: i128| match a.checked_rem(b) {
            Some(0) => a.checked_div(b),
            _ => None,
        };
        self.calculate(other, exact, |a, b| a / b)
    }

    /// Returns the remainder; `None` if there is none.
    pub(super) fn rem(&self, other: &Num) -> Option<Num> {
        self.calculate(other, i128::checked_rem, |a, b| a.trunc() % b.trunc())
    }

    /// Returns the number with the other sign and the same digits.
    pub(super) fn neg(&self) -> Option<Num> {
        match self {
            Num::Digits(digits) => Some(match digits.strip_prefix('-') {
                Some(positive) => Num::parse(positive),
                None => Num::parse(&format!("-{digits}")),
            }),
            other => Num::Int(0).sub(other),
        }
    }

    fn calculate(
        &self,
        other: &Num,
        exact: impl Fn(i128, i128) -> Option<i128>,
        near: impl Fn(f64, f64) -> f64,
    ) -> Option<Num> {
        if let (Some(a), Some(b)) = (self.whole(), other.whole())
            && let Some(int) = exact(a, b)
        {
            return Some(Num::int(int));
        }
        Num::float(near(self.as_f64(), other.as_f64()))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Num::Digits(digits) => digits.len(),
            _ => 8,
        }
    }
}

fn is_whole(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// A total order, since sorting may panic without one. Whole numbers are compared by
/// all their digits, all others by their nearest floats.
impl Ord for Num {
    fn cmp(&self, other: &Num) -> Ordering {
        if let (Num::Int(a), Num::Int(b)) = (self, other) {
            return a.cmp(b);
        }
        if self.is_whole() && other.is_whole() {
            return by_digits(&self.digits(), &other.digits());
        }
        let (a, b) = (self.as_f64(), other.as_f64());
        let by_float = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        if by_float != Ordering::Equal || self.is_whole() == other.is_whole() || a.abs() < EXACT {
            return by_float;
        }
        match (a.is_infinite(), self.is_whole()) {
            (true, self_is_whole) => {
                let finite_is_less = if a > 0.0 { Ordering::Less } else { Ordering::Greater };
                if self_is_whole { finite_is_less } else { finite_is_less.reverse() }
            }
            (false, _) => by_digits(&self.digits(), &other.digits()),
        }
    }
}

impl Num {
    /// Returns the digits of a whole number, or of a float so large that it is one.
    fn digits(&self) -> String {
        match self {
            Num::Int(int) => int.to_string(),
            Num::Digits(digits) if is_whole(digits) => digits.to_string(),
            other => format!("{:.0}", other.as_f64()),
        }
    }
}

fn by_digits(a: &str, b: &str) -> Ordering {
    let size = |a: &str, b: &str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        // Zero may be written with a sign.
        _ if a.trim_start_matches('-') == "0" && b.trim_start_matches('-') == "0" => {
            Ordering::Equal
        }
        (None, None) => size(a, b),
        (Some(a), Some(b)) => size(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

impl PartialOrd for Num {
    fn partial_cmp(&self, other: &Num) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Num {
    fn eq(&self, other: &Num) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Num {}

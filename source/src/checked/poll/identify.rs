//! How an identity is written, part by part: each with its kind and its length, so that different
//! lists of parts are never the same bytes.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;

/// Begins every identity. A digest that does not begin with it was made in another
/// way.
const VERSION: &str = "1";

/// The kinds of parts. Their numbers never change.
const CHOICE: u8 = 1;
const TEXT: u8 = 2;
const NUMBER: u8 = 3;
const COUNT: u8 = 4;
const JSON: u8 = 5;

/// An identity that is being written, part by part.
pub(super) struct Identity(Context);

impl Identity {
    pub(super) fn new(of: &str) -> Identity {
        let mut identity = Identity(Context::new(&SHA256));
        identity.0.update(VERSION.as_bytes());
        identity.choice(of);
        identity
    }

    /// Writes a kind, a length and the bytes, so that different lists of parts are never
    /// the same bytes.
    fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// Writes which of several forms follows.
    pub(super) fn choice(&mut self, word: &str) {
        self.part(CHOICE, word.as_bytes());
    }

    /// Writes which of several forms this is, and what it has.
    pub(super) fn form(&mut self, word: &str, value: impl Identify) {
        self.choice(word);
        value.add_to(self);
    }

    /// Returns the version and the first 16 hexadecimal digits of the SHA-256.
    pub(super) fn finish(self) -> String {
        let mut hex = hex::encode(self.0.finish());
        hex.truncate(16);
        format!("{VERSION}:{hex}")
    }
}

/// A value that can be part of an identity.
pub(super) trait Identify {
    fn add_to(&self, to: &mut Identity);
}

impl<T: Identify + ?Sized> Identify for &T {
    fn add_to(&self, to: &mut Identity) {
        (**self).add_to(to);
    }
}

impl<A: Identify, B: Identify> Identify for (A, B) {
    fn add_to(&self, to: &mut Identity) {
        self.0.add_to(to);
        self.1.add_to(to);
    }
}

impl<T: Identify> Identify for [T] {
    fn add_to(&self, to: &mut Identity) {
        to.part(COUNT, &(self.len() as u64).to_be_bytes());
        self.iter().for_each(|item| item.add_to(to));
    }
}

impl<T: Identify> Identify for Vec<T> {
    fn add_to(&self, to: &mut Identity) {
        self.as_slice().add_to(to);
    }
}

impl<T: Identify> Identify for Option<T> {
    fn add_to(&self, to: &mut Identity) {
        self.as_slice().add_to(to);
    }
}

impl Identify for str {
    fn add_to(&self, to: &mut Identity) {
        to.part(TEXT, self.as_bytes());
    }
}

impl Identify for String {
    fn add_to(&self, to: &mut Identity) {
        self.as_str().add_to(to);
    }
}

impl Identify for u64 {
    fn add_to(&self, to: &mut Identity) {
        to.part(NUMBER, &self.to_be_bytes());
    }
}

impl Identify for Duration {
    fn add_to(&self, to: &mut Identity) {
        to.part(NUMBER, &self.as_nanos().to_be_bytes());
    }
}

impl Identify for Value {
    fn add_to(&self, to: &mut Identity) {
        to.part(JSON, self.to_string().as_bytes());
    }
}

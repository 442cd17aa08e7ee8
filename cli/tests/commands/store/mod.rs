//! The embedded store as an operator meets it: what a look needs, what a copy holds, what is kept; and
//! how a capture becomes a test.

mod blobs;
mod copies;
mod letters;
mod looks;
mod recipe;

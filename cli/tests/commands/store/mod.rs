//! The embedded store as an operator meets it: what a look needs, what a copy holds, what is kept.

mod blobs;
mod copies;
mod letters;
mod looks;

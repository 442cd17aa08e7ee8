//! Secrets on a laptop, from the environment or a local file.
//!
//! They are not in the SQLite file: a file of their own can be kept out of backups and
//! version control.

mod file;
mod local;

pub use local::LocalSecrets;

#[cfg(test)]
mod tests;

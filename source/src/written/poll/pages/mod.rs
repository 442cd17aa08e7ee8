//! What a page is: how its body is read and where it has its records.

mod decode;
mod records;

pub use decode::{Compression, Csv, MissingRecords, MissingTrailer, Ndjson, PageDecode, Trailer};
pub use records::Records;

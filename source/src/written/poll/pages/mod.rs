//! What a page is: how its body is decoded, where it has its records, and how
//! to get the next one.

mod decode;
mod next;
mod records;

pub use decode::{Compression, Csv, MissingTrailer, Ndjson, PageDecode, Trailer};
pub use next::{Next, NextLast, NextOffset, NextPage, NextToken, StopRule, TokenFormat};
pub use records::{MissingRecords, Records};

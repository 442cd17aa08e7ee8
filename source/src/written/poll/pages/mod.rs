//! What a page is: how its body is read and where it has its records.

mod decode;
mod next;
mod records;

pub use decode::{Compression, Csv, MissingTrailer, Ndjson, PageDecode, Trailer};
pub use next::{Next, NextLast, NextOffset, NextPage, NextToken, StopRule, TokenFormat};
pub use records::{MissingRecords, Records};

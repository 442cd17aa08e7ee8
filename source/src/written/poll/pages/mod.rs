//! What a page is: how its body is decoded, where it has its records, and how
//! to get the next one.

mod decode;
mod next;
mod records;

pub use decode::*;
pub use next::*;
pub use records::*;

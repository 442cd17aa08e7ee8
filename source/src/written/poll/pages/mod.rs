//! What a page is: how its body is decoded, where it has its records, and how
//! to get the next one.

mod decode;
mod link;
mod next;
mod records;

pub use decode::*;
pub use link::*;
pub use next::*;
pub use records::*;

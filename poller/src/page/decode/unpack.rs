//! Decompression while reading, up to the largest page.
#![expect(
    clippy::disallowed_types,
    reason = "what comes out is counted, and reading ends at the bound"
)]

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use mef_pipeline::Charsets;
use mef_source::checked::Compression;
use zip::ZipArchive;

use super::content::{broken, too_large};
use crate::page::page_error::PageError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";
/// How an archive with nothing in it begins: with what ends every archive.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
/// The most files of an archive.
const MOST_FILES: usize = 10_000;

/// A file of a page, to be read once.
pub(super) enum File<'f> {
    /// As it came.
    Plain(&'f [u8]),
    /// Turned into UTF-8.
    Text(&'f [u8]),
    /// Packed; read through a decompressor.
    Packed(&'f mut dyn BufRead),
}

impl<'f> File<'f> {
    /// Returns the bytes if they are all there.
    pub(super) fn plain(&self) -> Option<&'f [u8]> {
        match self {
            File::Plain(bytes) => Some(bytes),
            File::Text(_) | File::Packed(_) => None,
        }
    }

    /// Reads all that is left.
    pub(super) fn whole(&mut self) -> Result<Vec<u8>, PageError> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).map_err(|error| broken("compressed", error))?;
        Ok(bytes)
    }
}

impl Read for File<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            File::Plain(bytes) | File::Text(bytes) => bytes.read(into),
            File::Packed(reader) => reader.read(into),
        }
    }
}

impl BufRead for File<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            File::Plain(bytes) | File::Text(bytes) => Ok(bytes),
            File::Packed(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            File::Plain(bytes) | File::Text(bytes) => bytes.consume(amount),
            File::Packed(reader) => reader.consume(amount),
        }
    }
}

/// Reads each file in `bytes`, up to `max` bytes of all of them together.
pub(super) fn each_file(
    bytes: &[u8],
    compression: Compression,
    charsets: Charsets,
    max: usize,
    read: &mut dyn FnMut(&mut File<'_>) -> Result<(), PageError>,
) -> Result<(), PageError> {
    let read = &mut |file: &mut File<'_>| in_utf8(file, charsets, read);
    let is_zip = bytes.starts_with(ZIP) || bytes.starts_with(EMPTY_ZIP);
    let mut left = max;
    match compression {
        Compression::Auto if !bytes.starts_with(GZIP) && !is_zip => read(&mut File::Plain(bytes)),
        // An empty body is empty, however it would have been packed.
        Compression::Gzip | Compression::Zip if bytes.is_empty() => read(&mut File::Plain(bytes)),
        Compression::Auto if is_zip => unzip(bytes, &mut left, max, read),
        Compression::Zip => unzip(bytes, &mut left, max, read),
        Compression::Auto | Compression::Gzip => {
            bounded(MultiGzDecoder::new(bytes), &mut left, max, read)
        }
    }
}

/// Turns a file into UTF-8 if it is in another character set.
fn in_utf8(
    file: &mut File<'_>,
    charsets: Charsets,
    read: &mut dyn FnMut(&mut File<'_>) -> Result<(), PageError>,
) -> Result<(), PageError> {
    let begin = file.fill_buf().map_err(|error| broken("compressed", error))?;
    if !charsets.may_change(begin) {
        return read(file);
    }
    let whole = file.whole()?;
    match charsets.whole(&whole).map_err(PageError::Decode)? {
        Some(text) => read(&mut File::Text(&text)),
        None => read(&mut File::Text(&whole)),
    }
}

fn unzip(
    bytes: &[u8],
    left: &mut usize,
    max: usize,
    read: &mut dyn FnMut(&mut File<'_>) -> Result<(), PageError>,
) -> Result<(), PageError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken("zip", error))?;
    if archive.len() > MOST_FILES {
        return Err(broken("zip", format!("{} files are too many", archive.len())));
    }
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| broken("zip", error))?;
        if file.is_file() {
            inner(file, left, max, read)?;
        }
    }
    Ok(())
}

/// Reads a file of an archive. Some vendors compress each before they pack it.
fn inner(
    mut file: impl Read,
    left: &mut usize,
    max: usize,
    read: &mut dyn FnMut(&mut File<'_>) -> Result<(), PageError>,
) -> Result<(), PageError> {
    let mut begin = Vec::with_capacity(GZIP.len());
    let magic = u64::try_from(GZIP.len()).unwrap_or_default();
    file.by_ref().take(magic).read_to_end(&mut begin).map_err(|error| broken("zip", error))?;
    let is_packed = begin == GZIP;
    let whole = begin.as_slice().chain(file);
    if is_packed {
        // What is unpacked is bounded, and so has to be what it is unpacked from.
        let most = u64::try_from(max).unwrap_or(u64::MAX);
        bounded(MultiGzDecoder::new(whole.take(most)), left, max, read)
    } else {
        bounded(whole, left, max, read)
    }
}

fn bounded(
    reader: impl Read,
    left: &mut usize,
    max: usize,
    read: &mut dyn FnMut(&mut File<'_>) -> Result<(), PageError>,
) -> Result<(), PageError> {
    let mut exceeded = false;
    let mut reader = BufReader::new(Bounded { reader, left, exceeded: &mut exceeded });
    let result = read(&mut File::Packed(&mut reader)).and_then(|()| {
        // What follows the last record counts as well: the checksum is there.
        io::copy(&mut reader, &mut io::sink())
            .map(|_| ())
            .map_err(|error| broken("compressed", error))
    });
    drop(reader);
    if exceeded { Err(too_large(max)) } else { result }
}

/// A reader that fails after a number of bytes.
struct Bounded<'b, R> {
    reader: R,
    left: &'b mut usize,
    exceeded: &'b mut bool,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        match self.left.checked_sub(count) {
            Some(left) => {
                *self.left = left;
                Ok(count)
            }
            None => {
                *self.exceeded = true;
                Err(io::Error::other("too large"))
            }
        }
    }
}

//! A file that may not grow beyond a size.

use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

/// Writes on until `most` bytes, and fails once what is written would end beyond.
///
/// After that it takes everything and keeps nothing: what writes archives puts an end to them when it is dropped, and
/// would complain a second time.
pub struct Capped<W> {
    out: W,
    most: u64,
    at: u64,
    exceeded: bool,
}

impl<W> Capped<W> {
    /// `out`, of which nothing is written yet, with `most` bytes at most.
    pub fn new(out: W, most: u64) -> Self {
        Self {
            out,
            most,
            at: 0,
            exceeded: false,
        }
    }

    /// Whether there was more than may be.
    pub fn exceeded(&self) -> bool {
        self.exceeded
    }
}

impl<W: Write> Write for Capped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.exceeded {
            return Ok(bytes.len());
        }
        if self.at.saturating_add(bytes.len() as u64) > self.most {
            self.exceeded = true;
            return Err(io::Error::from(ErrorKind::FileTooLarge));
        }
        let written = self.out.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.exceeded {
            return Ok(());
        }
        self.out.flush()
    }
}

impl<W: Seek> Seek for Capped<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if self.exceeded {
            return Ok(self.at);
        }
        self.at = self.out.seek(to)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Seek as _, SeekFrom, Write as _};

    use super::Capped;

    #[test]
    fn it_fails_once_and_keeps_what_was_written() {
        let mut out = Cursor::new(Vec::new());
        let mut capped = Capped::new(&mut out, 6);
        capped.write_all(b"abcd").expect("four are fine");
        capped.seek(SeekFrom::Start(2)).expect("back");
        capped.write_all(b"CDef").expect("six are fine");
        assert!(!capped.exceeded());
        capped.write_all(b"g").expect_err("seven are too many");
        assert!(capped.exceeded());
        capped.write_all(b"h").expect("and are not told again");
        assert_eq!(out.into_inner(), b"abCDef");
    }
}

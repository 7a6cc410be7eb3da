//! csv (RFC 4180) as a French desk reads it: semicolons, decimal commas, days as ISO 8601 writes them, UTF-8 with a byte
//! order mark, without which Excel and `LibreOffice` on Windows guess another encoding.
//!
//! Text always stands between quotation marks and numbers never do, so that `LibreOffice` can be told to keep the zeros of
//! a telephone number ("quoted field as text"); pandas reads it with `sep=";", decimal=",", dtype={"Téléphone": str}`.

use std::io::{BufWriter, Write};

use super::cell::Cell;
use super::{Book, Error};

/// UTF-8's byte order mark.
const MARK: &str = "\u{feff}";

pub(super) struct Csv<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out: BufWriter::new(out),
        }
    }
}

impl<W: Write> Book for Csv<W> {
    const ROWS: u32 = u32::MAX;

    fn sheet(&mut self, _name: &str, columns: &[String]) -> Result<usize, Error> {
        write!(self.out, "{MARK}")?;
        let cells: Vec<Cell<'_>> = columns
            .iter()
            .map(|column| Cell::text(column.as_str()))
            .collect();
        self.row(0, &cells)?;
        Ok(0)
    }

    fn row(&mut self, _sheet: usize, cells: &[Cell<'_>]) -> Result<(), Error> {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.out.write_all(b";")?;
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    let mark = if calculated(text) { "'" } else { "" };
                    write!(self.out, "\"{mark}{}\"", text.replace('"', "\"\""))?;
                }
                Cell::Number(number) => {
                    self.out
                        .write_all(number.to_string().replace('.', ",").as_bytes())?;
                }
                Cell::Date(date) => write!(self.out, "{}", date.strftime("%Y-%m-%d"))?,
                Cell::Time(time) => write!(self.out, "{}", time.strftime("%Y-%m-%d %H:%M:%S"))?,
            }
        }
        self.out.write_all(b"\r\n")?;
        Ok(())
    }

    fn close(mut self) -> Result<(), Error> {
        self.out.flush()?;
        Ok(())
    }
}

/// Whether a spreadsheet would calculate this text: it begins as a formula does, in ASCII or full width, if need be after
/// white space, which some programs take away.
fn calculated(text: &str) -> bool {
    text.starts_with(['\t', '\n'])
        || text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[Cell<'_>]) -> String {
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out);
        csv.row(0, cells).unwrap();
        csv.close().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_is_calculated() {
        for hostile in [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1+2",
            "@SUM(1)",
            "\t=1",
            " =1",
            "\n=1",
            "＝1",
        ] {
            assert_eq!(row(&[Cell::text(hostile)]), format!("\"'{hostile}\"\r\n"));
        }
        assert_eq!(row(&[Cell::Number(-1.5)]), "-1,5\r\n");
    }

    #[test]
    fn what_separates_is_quoted() {
        let cells = [Cell::text("a;\"b\"\nc"), Cell::Empty, Cell::integer(7)];
        assert_eq!(row(&cells), "\"a;\"\"b\"\"\nc\";;7\r\n");
    }
}

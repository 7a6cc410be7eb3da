//! xlsx, by `rust_xlsxwriter` with constant memory: rows go to an unnamed temporary file as they come.

use std::io::{BufWriter, Seek, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, IgnoreError, Workbook, Worksheet, XlsxError,
};

use super::cell::{self, Cell};
use super::{Book, Error};
use crate::domain::{Demarche, paris};

pub(super) struct Xlsx<W: Write> {
    out: BufWriter<W>,
    workbook: Workbook,
    sheets: Vec<Part>,
    heading: Format,
    day: Format,
    moment: Format,
}

struct Part {
    sheet: Worksheet,
    last_row: u32,
    last_column: u16,
}

impl<W: Write + Seek + Send> Xlsx<W> {
    pub(super) fn new(
        out: W,
        scratch: &Path,
        demarche: &Demarche,
        at: Timestamp,
    ) -> Result<Self, Error> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(scratch)?;
        let now = at.to_zoned_datetime(paris()).datetime();
        let created = ExcelDateTime::from_ymd(
            now.year().unsigned_abs(),
            now.month().unsigned_abs(),
            now.day().unsigned_abs(),
        )?
        .and_hms(
            now.hour().unsigned_abs().into(),
            now.minute().unsigned_abs(),
            now.second().unsigned_abs(),
        )?;
        let title = cell::text(demarche.titre.as_str().into());
        workbook.set_properties(
            &DocProperties::new()
                .set_title(title)
                .set_creation_datetime(&created),
        );
        Ok(Self {
            out: BufWriter::new(out),
            workbook,
            sheets: Vec::new(),
            heading: Format::new().set_bold(),
            day: Format::new().set_num_format("dd/mm/yyyy"),
            moment: Format::new().set_num_format("dd/mm/yyyy hh:mm"),
        })
    }
}

impl<W: Write + Seek + Send> Book for Xlsx<W> {
    const ROWS: u32 = 1_048_576;

    fn sheet(&mut self, name: &str, columns: &[String]) -> Result<usize, Error> {
        let mut sheet = self.workbook.new_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        let mut last_column = 0;
        for (index, column) in columns.iter().enumerate() {
            last_column = place(index)?;
            let width = u8::try_from(column.chars().count()).unwrap_or(u8::MAX);
            sheet.set_column_width(last_column, f64::from(width.clamp(10, 40) + 2))?;
            sheet.write_string_with_format(0, last_column, column, &self.heading)?;
        }
        self.sheets.push(Part {
            sheet,
            last_row: 0,
            last_column,
        });
        Ok(self.sheets.len() - 1)
    }

    fn row(&mut self, sheet: usize, cells: &[Cell<'_>]) -> Result<(), Error> {
        let Some(part) = self.sheets.get_mut(sheet) else {
            return Ok(());
        };
        part.last_row += 1;
        let row = part.last_row;
        for (index, cell) in cells.iter().enumerate() {
            let column = place(index)?;
            let sheet = &mut part.sheet;
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string(row, column, text.as_ref())?;
                }
                Cell::Number(number) => {
                    sheet.write_number(row, column, *number)?;
                }
                Cell::Date(date) => {
                    let days = serial(date.to_datetime(jiff::civil::Time::midnight()));
                    sheet.write_number_with_format(row, column, days, &self.day)?;
                }
                Cell::Time(time) => {
                    sheet.write_number_with_format(row, column, serial(*time), &self.moment)?;
                }
            }
        }
        Ok(())
    }

    fn close(mut self) -> Result<(), Error> {
        for mut part in self.sheets {
            let (row, column) = (part.last_row, part.last_column);
            if row > 0 {
                part.sheet.autofilter(0, 0, row, column)?;
                // A telephone number is text on purpose: Excel need not point at it.
                let kind = IgnoreError::NumberStoredAsText;
                part.sheet.ignore_error_range(1, 0, row, column, kind)?;
            }
            self.workbook.push_worksheet(part.sheet);
        }
        self.workbook.save_to_writer(&mut self.out)?;
        self.out.flush()?;
        Ok(())
    }
}

fn place(index: usize) -> Result<u16, XlsxError> {
    u16::try_from(index).map_err(|_| XlsxError::RowColumnLimitError)
}

/// Days since 30 December 1899, with the time of day as a fraction: what a spreadsheet means by a date.
fn serial(time: DateTime) -> f64 {
    let zero = Date::constant(1899, 12, 30).to_datetime(jiff::civil::Time::midnight());
    time.duration_since(zero).as_secs_f64().trunc() / 86_400.0
}

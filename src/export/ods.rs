//! ods (`OpenDocument` 1.3), written here: the crates that write it hold the whole document in memory.
//!
//! The format wants one sheet after the other, and rows of all sheets come mixed: each sheet is laid down in an unnamed
//! temporary file, and these are put together at the end.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::cell::{self, Cell};
use super::{Book, Error};
use crate::domain::Demarche;

const MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";

/// Above this many bytes an entry of an archive needs the form of ZIP64.
const LARGE: u64 = u32::MAX as u64 / 2;

const NAMESPACES: [(&str, &str); 8] = [
    (
        "xmlns:office",
        "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    ),
    (
        "xmlns:table",
        "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    ),
    (
        "xmlns:text",
        "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    ),
    (
        "xmlns:style",
        "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    ),
    (
        "xmlns:number",
        "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
    ),
    (
        "xmlns:fo",
        "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    ),
    ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ("office:version", "1.3"),
];

/// The widths, the bold heading, and how days and moments are shown. Ours alone: nothing in it comes from outside.
const STYLES: &str = r#"<office:automatic-styles><style:style style:name="co" style:family="table-column"><style:table-column-properties style:column-width="4cm"/></style:style><style:style style:name="tete" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style><number:date-style style:name="d"><number:day number:style="long"/><number:text>/</number:text><number:month number:style="long"/><number:text>/</number:text><number:year number:style="long"/></number:date-style><number:date-style style:name="dt"><number:day number:style="long"/><number:text>/</number:text><number:month number:style="long"/><number:text>/</number:text><number:year number:style="long"/><number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text><number:minutes number:style="long"/></number:date-style><style:style style:name="jour" style:family="table-cell" style:data-style-name="d"/><style:style style:name="heure" style:family="table-cell" style:data-style-name="dt"/></office:automatic-styles>"#;

pub(super) struct Ods<W: Write + Seek> {
    out: W,
    scratch: PathBuf,
    titre: String,
    at: Timestamp,
    sheets: Vec<Writer<BufWriter<File>>>,
}

impl<W: Write + Seek> Ods<W> {
    pub(super) fn new(out: W, scratch: &Path, demarche: &Demarche, at: Timestamp) -> Self {
        Self {
            out,
            scratch: scratch.to_owned(),
            titre: cell::text(demarche.titre.as_str().into()).into_owned(),
            at,
            sheets: Vec::new(),
        }
    }
}

impl<W: Write + Seek> Book for Ods<W> {
    const ROWS: u32 = 1_048_576;

    fn sheet(&mut self, name: &str, columns: &[String]) -> Result<usize, Error> {
        let file = tempfile::tempfile_in(&self.scratch)?;
        let mut xml = Writer::new(BufWriter::new(file));
        let table = BytesStart::new("table:table").with_attributes([("table:name", name)]);
        xml.write_event(Event::Start(table))?;
        let repeated = columns.len().to_string();
        xml.create_element("table:table-column")
            .with_attribute(("table:style-name", "co"))
            .with_attribute(("table:number-columns-repeated", repeated.as_str()))
            .write_empty()?;
        xml.create_element("table:table-header-rows")
            .write_inner_content(|xml| {
                xml.create_element("table:table-row")
                    .write_inner_content(|xml| {
                        columns.iter().try_for_each(|column| {
                            let attributes = [("table:style-name", "tete"), STRING];
                            filled(xml, &attributes, column)
                        })
                    })?;
                Ok(())
            })?;
        self.sheets.push(xml);
        Ok(self.sheets.len() - 1)
    }

    fn row(&mut self, sheet: usize, cells: &[Cell<'_>]) -> Result<(), Error> {
        let Some(xml) = self.sheets.get_mut(sheet) else {
            return Ok(());
        };
        xml.create_element("table:table-row")
            .write_inner_content(|xml| cells.iter().try_for_each(|cell| put(xml, cell)))?;
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        let mut zip = ZipWriter::new(BufWriter::new(self.out));
        let stored =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        // First and uncompressed, so that the file is known by its first bytes (OpenDocument 1.3, part 2, 3.3).
        zip.start_file("mimetype", stored)?;
        zip.write_all(MEDIA_TYPE.as_bytes())?;
        let mut files = Vec::new();
        for sheet in self.sheets {
            let mut sheet = sheet;
            sheet.write_event(Event::End(BytesEnd::new("table:table")))?;
            let file = sheet
                .into_inner()
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            files.push(file);
        }
        let mut bytes = 0;
        for file in &mut files {
            bytes += file.stream_position()?;
            file.rewind()?;
        }
        let packed = SimpleFileOptions::default();
        zip.start_file("content.xml", packed.large_file(bytes > LARGE))?;
        let mut xml = Writer::new(&mut zip);
        begin(&mut xml, "office:document-content")?;
        xml.get_mut().write_all(STYLES.as_bytes())?;
        xml.get_mut()
            .write_all(b"<office:body><office:spreadsheet>")?;
        for mut file in files {
            io::copy(&mut file, xml.get_mut())?;
        }
        xml.get_mut()
            .write_all(b"</office:spreadsheet></office:body></office:document-content>")?;
        zip.start_file("meta.xml", packed)?;
        let mut xml = Writer::new(&mut zip);
        begin(&mut xml, "office:document-meta")?;
        xml.create_element("office:meta")
            .write_inner_content(|xml| {
                let title = BytesText::new(&self.titre);
                xml.create_element("dc:title").write_text_content(title)?;
                let date = self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                let date = BytesText::new(&date);
                xml.create_element("dc:date").write_text_content(date)?;
                Ok(())
            })?;
        xml.get_mut().write_all(b"</office:document-meta>")?;
        zip.start_file("META-INF/manifest.xml", packed)?;
        zip.write_all(MANIFEST.as_bytes())?;
        zip.finish()?.flush()?;
        Ok(())
    }
}

const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/><manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/></manifest:manifest>"#;

/// The declaration, and the opening tag of a document.
fn begin(xml: &mut Writer<impl Write>, root: &str) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(
        BytesStart::new(root).with_attributes(NAMESPACES),
    ))
}

const STRING: (&str, &str) = ("office:value-type", "string");
const FLOAT: (&str, &str) = ("office:value-type", "float");
const DATE: (&str, &str) = ("office:value-type", "date");

fn put(xml: &mut Writer<impl Write>, cell: &Cell<'_>) -> io::Result<()> {
    match cell {
        Cell::Empty => xml
            .create_element("table:table-cell")
            .write_empty()
            .map(|_| ()),
        Cell::Text(text) => filled(xml, &[STRING], text),
        Cell::Number(number) => {
            let value = number.to_string();
            let shown = value.replace('.', ",");
            filled(xml, &[FLOAT, ("office:value", value.as_str())], &shown)
        }
        Cell::Date(date) => {
            let value = date.strftime("%Y-%m-%d").to_string();
            let shown = date.strftime("%d/%m/%Y").to_string();
            dated(xml, "jour", &value, &shown)
        }
        Cell::Time(time) => {
            let value = time.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            let shown = time.strftime("%d/%m/%Y %H:%M").to_string();
            dated(xml, "heure", &value, &shown)
        }
    }
}

fn dated(xml: &mut Writer<impl Write>, style: &str, value: &str, shown: &str) -> io::Result<()> {
    let style = ("table:style-name", style);
    filled(xml, &[style, DATE, ("office:date-value", value)], shown)
}

/// A cell that shows `text`, a paragraph for each line.
fn filled(xml: &mut Writer<impl Write>, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    xml.create_element("table:table-cell")
        .with_attributes(attributes.iter().copied())
        .write_inner_content(|xml| {
            text.split('\n').try_for_each(|line| {
                xml.create_element("text:p")
                    .write_inner_content(|xml| paragraph(xml, line))?;
                Ok(())
            })
        })?;
    Ok(())
}

/// A line with its tabs, and with its spaces where XML would make one of several (`OpenDocument` 1.3, part 3, 6.1).
fn paragraph(xml: &mut Writer<impl Write>, line: &str) -> io::Result<()> {
    let plain = !line.contains('\t') && !line.contains("  ") && line.trim_matches(' ') == line;
    if plain {
        return xml.write_event(Event::Text(BytesText::new(line)));
    }
    for part in line.split_inclusive([' ', '\t']) {
        let text = part.strip_suffix([' ', '\t']).unwrap_or(part);
        xml.write_event(Event::Text(BytesText::new(text)))?;
        if part.ends_with(' ') {
            xml.create_element("text:s").write_empty()?;
        } else if part.ends_with('\t') {
            xml.create_element("text:tab").write_empty()?;
        }
    }
    Ok(())
}

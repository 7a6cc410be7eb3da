//! typst, closed in: its sources are the templates, its one data file is what is to be printed, its fonts are built in.
//! It sees no clock, no disk, no network and no package.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use typst::diag::{FileError, FileResult, Severity, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Smart};
use typst::layout::PagedDocument;
use typst::syntax::{FileId, Source, VirtualPath};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Features, Library, LibraryExt, World, WorldExt};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::Error;
use crate::diagnostic::Diagnostic;

/// The file that templates read: `json("data.json")`.
const DATA: &str = "data.json";

/// Sets pages by the templates that it was given.
pub(super) struct Engine {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    sources: Vec<Named>,
    data: FileId,
}

/// A template, and what the operator knows it by.
struct Named {
    name: String,
    source: Source,
}

/// When a document was made and what it is: what a PDF keeps beside its pages.
pub(super) struct Imprint {
    /// Stable for the same document.
    pub(super) ident: String,
    /// When it was made.
    pub(super) at: jiff::Timestamp,
}

impl Engine {
    /// An engine over templates, each with its path below `pdf/` and the name of its file for people.
    pub(super) fn new(templates: Vec<(String, String, String)>) -> Self {
        let fonts = super::font::all();
        let sources = templates
            .into_iter()
            .map(|(path, name, text)| Named {
                name,
                source: Source::new(id(&path), text),
            })
            .collect();
        let features: Features = [Feature::A11yExtras].into_iter().collect();
        Self {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            sources,
            data: id(DATA),
        }
    }

    /// Whether some font has that character.
    pub(super) fn shows(&self, c: char) -> bool {
        self.fonts
            .iter()
            .any(|font| font.ttf().glyph_index(c).is_some())
    }

    /// The pages that a template makes of `data`, which is JSON.
    pub(super) fn pages(&self, template: &str, data: Vec<u8>) -> Result<PagedDocument, Error> {
        let main = id(template);
        if self.of(main).is_none() {
            return Err(Error::Missing(template.to_owned()));
        }
        let setting = Setting {
            engine: self,
            main,
            data: Bytes::new(data),
        };
        let compiled = typst::compile::<PagedDocument>(&setting);
        // What was worked out for one dossier is of no use for the next, and is personal.
        typst::comemo::evict(0);
        compiled
            .output
            .map_err(|errors| Error::Failed(self.diagnose(&setting, template, &errors)))
    }

    /// A tagged PDF that answers PDF/UA-1.
    pub(super) fn pdf(&self, pages: &PagedDocument, imprint: &Imprint) -> Result<Vec<u8>, Error> {
        let strict = PdfStandards::new(&[PdfStandard::Ua_1]);
        let strict = strict.map_err(|error| Error::Export(error.to_string()))?;
        // Should somebody's letters be such that the standards refuse them, a page that is only tagged is better than none.
        let made = typst_pdf::pdf(pages, &options(imprint, strict))
            .or_else(|_| typst_pdf::pdf(pages, &options(imprint, PdfStandards::default())));
        typst::comemo::evict(0);
        made.map_err(|errors| refused(&errors))
    }

    /// The first page as a PNG, with its width and height in pixels.
    pub(super) fn png(
        &self,
        pages: &PagedDocument,
        scale: f32,
    ) -> Result<(Vec<u8>, u32, u32), Error> {
        let page = pages
            .pages
            .first()
            .ok_or_else(|| Error::Export("no page".to_owned()))?;
        let picture = typst_render::render(page, scale);
        typst::comemo::evict(0);
        let (width, height) = (picture.width(), picture.height());
        // The page is opaque: its alpha says nothing, and takes room.
        let opaque: Vec<u8> = picture
            .pixels()
            .iter()
            .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
            .collect();
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
            .write_image(&opaque, width, height, ExtendedColorType::Rgb8)
            .map_err(|error| Error::Export(error.to_string()))?;
        Ok((png, width, height))
    }

    fn diagnose(
        &self,
        setting: &Setting<'_>,
        template: &str,
        errors: &[SourceDiagnostic],
    ) -> Diagnostic {
        let worst = errors
            .iter()
            .find(|error| error.severity == Severity::Error)
            .or(errors.first());
        let Some(error) = worst else {
            return Diagnostic::whole(template, "failed");
        };
        // An error in the standard library or in the data is said where the template called for it.
        let spans = std::iter::once(error.span).chain(error.trace.iter().map(|point| point.span));
        let place = spans.into_iter().find_map(|span| {
            let named = self.of(span.id()?)?;
            let range = setting.range(span)?;
            let line = named.source.lines().byte_to_line(range.start)?;
            Some((named.name.clone(), line + 1))
        });
        let (file, line) = place.unwrap_or_else(|| (template.to_owned(), 0));
        let hints: String = error
            .hints
            .iter()
            .map(|hint| format!(" ({hint})"))
            .collect();
        Diagnostic {
            file,
            line,
            message: format!("{}{hints}", error.message),
        }
    }

    fn of(&self, id: FileId) -> Option<&Named> {
        self.sources.iter().find(|named| named.source.id() == id)
    }
}

fn id(path: &str) -> FileId {
    FileId::new(None, VirtualPath::new(path))
}

fn options(imprint: &Imprint, standards: PdfStandards) -> PdfOptions<'_> {
    PdfOptions {
        ident: Smart::Custom(&imprint.ident),
        timestamp: timestamp(imprint.at),
        standards,
        ..PdfOptions::default()
    }
}

/// The messages of typst's export name pages and rules, never what stands on the page.
fn refused(errors: &[SourceDiagnostic]) -> Error {
    let errors: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    Error::Export(errors.join("; "))
}

fn timestamp(at: jiff::Timestamp) -> Option<typst_pdf::Timestamp> {
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).ok();
    let at = Datetime::from_ymd_hms(
        i32::from(at.year()),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )?;
    Some(typst_pdf::Timestamp::new_utc(at))
}

/// One document being set.
struct Setting<'a> {
    engine: &'a Engine,
    main: FileId,
    data: Bytes,
}

impl World for Setting<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.engine.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.engine.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let named = self.engine.of(id);
        named
            .map(|named| named.source.clone())
            .ok_or_else(|| absent(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.engine.data {
            Ok(self.data.clone())
        } else {
            Err(absent(id))
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.engine.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<i64>) -> Option<Datetime> {
        None
    }
}

fn absent(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().as_rootless_path().to_owned())
}

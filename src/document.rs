//! What is printed: the PDF of a dossier, an attestation, and the pictures of the statistics, set by typst from
//! `templates/pdf/`.
//!
//! Data in, bytes out: no clock, no network, no disk but the operator's folder when it is loaded. The same data gives the
//! same bytes. Whatever a dossier says reaches typst as JSON, never as source, and stays text.

mod attestation;
mod chart;
mod check;
mod dossier;
mod engine;
mod font;
mod load;
mod plain;
#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::domain::stats::Figures;
use crate::domain::{Demarche, Dossier, Email};
use engine::{Engine, Imprint};

pub use chart::{Chart, alt};

/// Why something could not be printed. It names files and rules, never what was to be printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such template.
    #[error("there is no template pdf/{0}")]
    Missing(String),
    /// The template failed.
    #[error("{0}")]
    Failed(Diagnostic),
    /// Pages were set, but no file could be made of them.
    #[error("the pages could not be written: {0}")]
    Export(String),
    /// What is to be printed could not be turned into JSON.
    #[error("what is to be printed could not be turned into JSON")]
    Data,
}

/// Who a printed dossier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// An instructeur: everything, annotations privées and avis included.
    Instructeur,
    /// The usager: neither annotations privées nor avis, and nobody's name or address but his own.
    Usager,
}

/// A dossier to be printed.
#[derive(Debug, Clone, Copy)]
pub struct Print<'a> {
    /// The dossier.
    pub dossier: &'a Dossier,
    /// Its démarche.
    pub demarche: &'a Demarche,
    /// Who will read it.
    pub reader: Reader,
    /// When it is printed.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: Option<&'a Email>,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on nearly black.
    Dark,
}

/// A picture, and the words for who does not see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file, a PNG.
    pub png: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What it shows, in French, with its figures.
    pub alt: String,
}

/// Prints. Loaded once; it may be used from several threads.
pub struct Press {
    engine: Engine,
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Press")
    }
}

impl Press {
    /// With the templates that are built in.
    pub fn embedded() -> Self {
        Self {
            engine: Engine::new(load::embedded()),
        }
    }

    /// With those that are built in, each replaced by the file of the same name in the folder `pdf` of `folder`. The
    /// error is everything that is wrong, not the first thing.
    pub fn load(folder: Option<&Path>) -> Result<Self, Vec<Diagnostic>> {
        let templates = load::replaced(folder)?;
        Ok(Self {
            engine: Engine::new(templates),
        })
    }

    /// Prints every sample, so that a template that fails does so before anybody waits for it: all that went wrong.
    pub fn check(&self) -> Vec<Diagnostic> {
        check::check(self)
    }

    /// The PDF of a dossier: A4, tagged, PDF/UA-1.
    pub fn dossier(&self, print: &Print<'_>) -> Result<Vec<u8>, Error> {
        let imprint = Imprint {
            ident: format!("greffier dossier {}", print.dossier.number),
            at: print.at,
        };
        self.pdf("dossier.typ", &dossier::sheet(print), &imprint)
    }

    /// The PDF that attests a dossier's decision; nothing where it is not decided, or not attested by its démarche. It
    /// bears the date of the decision and does not change until the dossier is decided anew.
    pub fn attestation(
        &self,
        dossier: &Dossier,
        demarche: &Demarche,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some((sheet, at)) = attestation::sheet(dossier, demarche) else {
            return Ok(None);
        };
        let imprint = Imprint {
            ident: format!("greffier attestation {}", dossier.number),
            at,
        };
        self.pdf("attestation.typ", &sheet, &imprint).map(Some)
    }

    /// One of the four pictures of a démarche's statistics: 1600 × 1000 pixels.
    pub fn chart(
        &self,
        chart: Chart,
        figures: &Figures,
        demarche: &Demarche,
        theme: Theme,
    ) -> Result<Picture, Error> {
        let data = chart::data(chart, figures, demarche, theme);
        let pages = self.engine.pages("graphique.typ", self.json(&data)?)?;
        let (png, width, height) = self.engine.png(&pages, chart::SCALE)?;
        Ok(Picture {
            png,
            width,
            height,
            alt: alt(chart, figures),
        })
    }

    fn pdf(
        &self,
        template: &str,
        sheet: &impl Serialize,
        imprint: &Imprint,
    ) -> Result<Vec<u8>, Error> {
        let pages = self.engine.pages(template, self.json(sheet)?)?;
        self.engine.pdf(&pages, imprint)
    }

    /// Every text of it made harmless first: there is no other way to the engine.
    fn json(&self, sheet: &impl Serialize) -> Result<Vec<u8>, Error> {
        let mut value = serde_json::to_value(sheet).map_err(|_| Error::Data)?;
        plain::clean(&mut value, &|c| self.engine.shows(c));
        serde_json::to_vec(&value).map_err(|_| Error::Data)
    }
}

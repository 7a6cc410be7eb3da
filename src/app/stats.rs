//! The figures of a démarche. They tell of no dossier, so that any room of the démarche may see them.

use jiff::civil::Date;

use super::ask::Ground;
use super::draft::Draft;
use super::line::Speaker;
use super::piece::at_the_machine;
use super::reply::With;
use super::{App, Error};
use crate::domain::stats::Usual;
use crate::domain::{DemarcheId, Piece};
use crate::message::work::{Drawn, Work};
use crate::store::Store;
use crate::template::Answer;

impl<S: Store> App<S> {
    /// Orders the figures of the démarche that is meant.
    pub(super) fn stats(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        demarche: Option<DemarcheId>,
        ground: Ground,
    ) -> Result<(), Error> {
        match self.meant(speaker, demarche) {
            Ok(demarche) => {
                let work = Work::Stats {
                    demarche: demarche.number,
                    dark: ground == Ground::Dark,
                };
                self.order(draft, speaker, work)
            }
            Err(answer) => self.answer(draft, speaker, &answer, None),
        }
    }

    /// Shows figures to whoever asked for them, in private where the room is another démarche's.
    pub(super) fn show_stats(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DemarcheId,
        (on, usual): (Date, Option<Usual>),
        charts: &[Drawn],
    ) -> Result<(), Error> {
        let demarche = match self.meant(speaker, Some(number)) {
            Ok(demarche) => demarche,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        if !self.at_home(speaker, Some(number)) {
            return self.aside(draft, speaker, |draft, speaker| {
                self.show_stats(draft, speaker, number, (on, usual), charts)
            });
        }
        let pieces: Vec<Piece> = charts.iter().map(|chart| chart.piece.clone()).collect();
        let alts: Vec<String> = charts.iter().map(|chart| chart.alt.clone()).collect();
        let places: Vec<String> = pieces
            .iter()
            .filter_map(|piece| self.place_of(speaker, piece))
            .collect();
        if !places.is_empty() {
            self.keep_in_place(draft, &pieces, number)?;
        }
        let answer = Answer::Stats {
            demarche: (demarche.number, demarche.titre.clone()),
            on,
            usual,
            charts: alts.clone(),
            places,
        };
        let given: &[Piece] = if at_the_machine(speaker) {
            &[]
        } else {
            &pieces
        };
        let with = With {
            files: given,
            alts: &alts,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, None, with)
    }
}

//! Files of a dossier, sent to whoever asks: in a room that shows everything of it, in private otherwise. At the
//! operator's own machine the answer says where a copy is, for a day.

use super::draft::Draft;
use super::line::{CONSOLE, SHELL, Speaker};
use super::reply::With;
use super::{App, Error, scene};
use crate::domain::{Demarche, Dossier, DossierId, Piece};
use crate::message::{Place, Verdict};
use crate::store::Store;
use crate::template::{Answer, Audience, PieceRow, PieceState};

/// Files sent at once: as many as go with one message on any network.
const AT_ONCE: usize = 10;

/// Which files are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The one there is; the list where there are several.
    Any,
    /// That one.
    One(u64),
    /// All, from that number on.
    From(u64),
}

impl<S: Store> App<S> {
    /// Sends files of a dossier to somebody who may see it.
    pub(super) fn send_pieces(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: Option<DossierId>,
        wanted: Wanted,
    ) -> Result<(), Error> {
        let (Some(number), Some(email)) = (number, speaker.email.clone()) else {
            return self.answer(draft, speaker, &Answer::WhichDossier, None);
        };
        draft.receipt.dossier = Some(number.0);
        let (dossier, demarche) = match self.visible(draft, number, &email)? {
            Ok(visible) => visible,
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
        };
        self.give(draft, speaker, &dossier, |app, draft, speaker| {
            app.give_pieces(draft, speaker, &dossier, demarche, wanted)
        })
    }

    /// Lets `say` give files of a dossier where the line was typed, if the place shows everything of it, or in private.
    pub(super) fn give(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        dossier: &Dossier,
        say: impl FnOnce(&Self, &mut Draft<'_, S>, &Speaker<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = speaker.line;
        let heard_here = self
            .directory
            .may_hear(&line.from.network, &line.place, dossier);
        let in_private = self.shows_all_in_private(speaker);
        if heard_here && !self.shows_all(speaker) {
            if line.place == Place::Direct || !in_private {
                return self.answer(draft, speaker, &Answer::NotHere, None);
            }
            return self.aside(draft, speaker, |draft, speaker| say(self, draft, speaker));
        }
        if !heard_here && !in_private {
            return self.answer(draft, speaker, &Answer::NotHere, None);
        }
        // Here, or, as an answer about it is, in private.
        say(self, draft, speaker)
    }

    fn give_pieces(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        dossier: &Dossier,
        demarche: &Demarche,
        wanted: Wanted,
    ) -> Result<(), Error> {
        let seen = scene(dossier, demarche, draft.at, None, Audience::Instructeur);
        let pieces = seen.pieces();
        let chosen = match chosen(wanted, pieces.len()) {
            Ok(chosen) => chosen,
            Err(answer) => return self.answer(draft, speaker, &answer, Some(dossier)),
        };
        let far: Vec<&Piece> = pieces
            .get(chosen.clone())
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|piece| piece.elsewhere().is_some())
            .collect();
        if !far.is_empty() {
            return self.fetch_files(draft, speaker, dossier, &far);
        }
        let end = chosen.end;
        let listed = pieces.iter().enumerate();
        let rows: Vec<(PieceRow, &Piece)> = listed
            .skip(chosen.start)
            .take(chosen.len())
            .map(|(index, piece)| (self.row(speaker, index + 1, piece), *piece))
            .collect();
        let files: Vec<Piece> = rows
            .iter()
            .filter(|(row, _)| row.state == PieceState::Given && row.place.is_none())
            .map(|(_, piece)| (*piece).clone())
            .collect();
        if rows.iter().all(|(row, _)| row.state != PieceState::Given) {
            draft.receipt.verdict = Verdict::Refused;
        }
        let answer = Answer::Piece {
            rows: rows.into_iter().map(|(row, _)| row).collect(),
            max: self.largest(speaker),
            next: (matches!(wanted, Wanted::From(_)) && end < pieces.len()).then_some(end + 1),
        };
        let with = With {
            files: &files,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, Some(dossier), with)
    }

    /// What becomes of a file.
    fn row(&self, speaker: &Speaker<'_>, number: usize, piece: &Piece) -> PieceRow {
        let whole = match self.shelf.size(&piece.hash) {
            Ok(bytes) if bytes == piece.bytes => true,
            Ok(_) => {
                tracing::error!(piece.hash, "A file of a dossier is not whole");
                false
            }
            Err(error) => {
                tracing::error!(piece.hash, %error, "A file of a dossier cannot be read");
                false
            }
        };
        let state = if !whole {
            PieceState::Missing
        } else if piece.bytes > self.largest(speaker) {
            PieceState::TooLarge
        } else {
            PieceState::Given
        };
        let place = (state == PieceState::Given)
            .then(|| self.place_of(speaker, piece))
            .flatten();
        PieceRow {
            number,
            state,
            place,
        }
    }

    /// Where a copy of a file is, for somebody at the machine itself; the file itself where there are no copies.
    pub(super) fn place_of(&self, speaker: &Speaker<'_>, piece: &Piece) -> Option<String> {
        if !at_the_machine(speaker) {
            return None;
        }
        let lent = self.shelf.lend(&piece.hash, &piece.name);
        let lent = lent.unwrap_or_else(|error| {
            tracing::error!(piece.hash, %error, "A file cannot be copied for whoever asks for it");
            None
        });
        let place = lent.or_else(|| self.shelf.located(&piece.hash))?;
        Some(place.display().to_string())
    }

    /// Bytes of one file that can be given where a line was typed.
    pub(super) fn largest(&self, speaker: &Speaker<'_>) -> u64 {
        if at_the_machine(speaker) {
            return u64::MAX;
        }
        let limits = self.directory.limits(&speaker.line.from.network);
        limits.map_or(0, |limits| limits.file)
    }
}

/// Whether it was typed where the files are.
pub(super) fn at_the_machine(speaker: &Speaker<'_>) -> bool {
    [SHELL, CONSOLE].contains(&speaker.line.from.network.as_str())
}

/// Which of `total` files are meant, counted from 0; or what to answer instead.
#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
fn chosen(wanted: Wanted, total: usize) -> Result<std::ops::Range<usize>, Answer> {
    let (number, most) = match wanted {
        Wanted::Any if total == 1 => (1, 1),
        Wanted::Any => return Err(Answer::Pieces),
        Wanted::One(number) => (number, 1),
        Wanted::From(number) => (number, AT_ONCE),
    };
    if total == 0 {
        return Err(Answer::Pieces);
    }
    let index = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    match index.filter(|index| *index < total) {
        Some(index) => Ok(index..(index + most).min(total)),
        None => Err(Answer::UnknownPiece { number }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_sent_or_ten_at_most() {
        assert_eq!(chosen(Wanted::One(3), 3), Ok(2..3));
        assert_eq!(chosen(Wanted::From(1), 4), Ok(0..4));
        assert_eq!(chosen(Wanted::From(1), 11), Ok(0..10));
        assert_eq!(chosen(Wanted::From(11), 11), Ok(10..11));
    }

    #[test]
    fn a_number_that_does_not_exist_is_said() {
        for (wanted, number) in [
            (Wanted::One(0), 0),
            (Wanted::One(4), 4),
            (Wanted::From(u64::MAX), u64::MAX),
        ] {
            assert_eq!(chosen(wanted, 3), Err(Answer::UnknownPiece { number }));
        }
    }

    #[test]
    fn without_a_number_the_only_one_is_meant() {
        assert_eq!(chosen(Wanted::Any, 1), Ok(0..1));
        for total in [0, 2] {
            assert_eq!(chosen(Wanted::Any, total), Err(Answer::Pieces));
        }
        assert_eq!(chosen(Wanted::From(1), 0), Err(Answer::Pieces));
    }
}

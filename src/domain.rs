//! The tutorial as code: what a dossier is, what may be done with it, and who is told.

mod piece;

pub use piece::Piece;

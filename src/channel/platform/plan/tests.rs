//! Orders beside dossiers.

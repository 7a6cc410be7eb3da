//! Exports, opened with what people open them with: LibreOffice and pandas.

mod archive;
mod opened;
mod scene;

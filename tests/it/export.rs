//! Exports, opened with what people open them with: `LibreOffice` and pandas.

mod archive;
mod killed;
mod opened;
mod scene;
mod taken;

//! `greffier demo`.
use std::process::ExitCode;
/// x
pub(super) fn demo() -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

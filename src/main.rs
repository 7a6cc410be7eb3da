//! Arguments, logging, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    greffier::cli::run()
}

//! The `waxseal` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    waxseal::cli::run()
}

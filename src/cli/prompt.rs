//! What commands ask for: a password, a confirmation.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use zeroize::Zeroizing;

use super::output::Failure;
use crate::accounts::Password;

/// Reads a new password: on a terminal typed twice and not shown, otherwise one line of standard
/// input.
pub(super) fn new_password() -> Result<Password, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(Password::parse(&read_line()?)?);
    }
    let typed = Zeroizing::new(rpassword::prompt_password("Password: ")?);
    let password = Password::parse(&typed)?;
    let repeated = Zeroizing::new(rpassword::prompt_password("Repeat password: ")?);
    if typed != repeated {
        return Err("the passwords don't match".into());
    }
    Ok(password)
}

/// Asks for a confirmation, which needs a terminal.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err("there is no terminal to confirm on: pass --yes".into());
    }
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let answer = read_line()?;
    Ok(["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes)))
}

/// One line of standard input, without its end, and no more of it than the longest password.
fn read_line() -> Result<Zeroizing<String>, Failure> {
    let limit = Password::MAX_BYTES as u64 + 2;
    let mut line = Zeroizing::new(String::with_capacity(Password::MAX_BYTES + 2));
    let read = io::stdin().lock().take(limit).read_line(&mut line);
    read.map_err(|error| format!("standard input can't be read: {error}"))?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    // The log-in form refuses it, so no one could log in with such a password.
    match line.contains('\0') {
        true => Err("the input contains a NUL byte".into()),
        false => Ok(line),
    }
}

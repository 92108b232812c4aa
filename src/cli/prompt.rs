//! What commands ask: a password, or whether it is meant.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use zeroize::Zeroizing;

use super::output::Failure;
use crate::accounts::Password;

/// A new password: on a terminal typed twice and not shown, else one line of standard input.
pub(super) fn new_password() -> Result<Password, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(Password::parse(&read_line()?)?);
    }
    let typed = Zeroizing::new(rpassword::prompt_password("Password: ")?);
    let password = Password::parse(&typed)?;
    let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
    if typed != again {
        return Err("the passwords are not the same".into());
    }
    Ok(password)
}

/// Asks on a terminal; without one the answer has to be given as `--yes`.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err("without a terminal to ask on, this needs --yes".into());
    }
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let answer = read_line()?;
    Ok(["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes)))
}

/// One line of standard input, without its end. What goes beyond the longest password is left.
fn read_line() -> Result<Zeroizing<String>, Failure> {
    let limit = Password::MAX_BYTES as u64 + 2;
    let mut line = Zeroizing::new(String::with_capacity(Password::MAX_BYTES + 2));
    let read = io::stdin().lock().take(limit).read_line(&mut line);
    read.map_err(|error| format!("standard input can't be read: {error}"))?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    // No form takes one: it would be a password that nobody can log in with.
    match line.contains('\0') {
        true => Err("a NUL byte can't be part of this".into()),
        false => Ok(line),
    }
}

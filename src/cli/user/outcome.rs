use crate::{
    accounts::{Change, User},
    cli::output::Failure,
};

/// Turns a change that was refused into the command's failure.
pub(super) fn check(change: Change, user: &User) -> Result<(), Failure> {
    let email = &user.email;
    match change {
        Change::Done => Ok(()),
        Change::NoSuchUser => Err(format!("there is no user {email}").into()),
        Change::LastAdmin => {
            let refusal = "is the last administrator: make someone else an administrator first";
            Err(format!("{email} {refusal}").into())
        }
    }
}

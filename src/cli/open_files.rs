//! How many files and connections the process may have open.

/// Takes as many as the system allows. Where systems give a process 1024 to begin with, that is for
/// programs that still use `select`; a thousand idle connections would be all there is.
#[cfg(unix)]
pub(super) fn take_all_allowed() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log::warn!("the limit of open files stays as it is: {error}");
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub(super) fn take_all_allowed() {}

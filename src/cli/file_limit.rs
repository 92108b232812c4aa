//! The limit on open files, which is the limit on connections.

/// Raises it to the most that the system allows. Many systems start a process with 1,024, for the
/// sake of programs that use `select`; that would be a thousand idle connections.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log::warn!("the limit on open files can't be raised: {error}");
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub(super) fn raise() {}

//! Pins the server to one core, and `wrk` and the databases to the others.

use std::{
    io,
    process::{Child, Command},
};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The assignment of processors. If there is only one, all share it.
pub struct Cores {
    server: CpuSet,
    others: CpuSet,
}

impl Cores {
    /// Pins this process, and those it starts, to all processors but the last.
    pub fn split() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let last = (0..CpuSet::MAX_CPU).rev().find(|&cpu| allowed.is_set(cpu)).unwrap_or_default();
        let (mut server, mut others) = (CpuSet::new(), allowed);
        server.set(last);
        if allowed.count() > 1 {
            others.unset(last);
        }
        sched_setaffinity(None, &others)?;
        Ok(Self { server, others })
    }

    /// Starts a program on the server's processor.
    pub fn spawn_server(&self, program: &mut Command) -> io::Result<Child> {
        sched_setaffinity(None, &self.server)?;
        let child = program.spawn();
        sched_setaffinity(None, &self.others)?;
        child
    }
}

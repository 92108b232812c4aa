//! One core for the server, the others for `wrk` and the databases.

use std::{
    io,
    process::{Child, Command},
};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which processors belong to whom; where there is only one, it is everybody's.
pub struct Cores {
    server: CpuSet,
    others: CpuSet,
}

impl Cores {
    /// Puts this process, and what it will start, onto all processors but the last.
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

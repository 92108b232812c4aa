//! Statistics of processes, from Linux' `/proc`.

use std::{fs, process, time::Duration};

use crate::Outcome;

/// The unit of times in `/proc`, on every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields of `/proc/PID/stat`.
struct Stat {
    parent: u32,
    /// Of the process and its children that have ended.
    processor_time: Duration,
}

fn stat(pid: u32) -> Option<Stat> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may have spaces in it.
    let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: f64 = fields.get(11..15)?.iter().filter_map(|field| field.parse::<f64>().ok()).sum();
    let processor_time = Duration::from_secs_f64(ticks / TICKS_PER_SECOND);
    Some(Stat { parent: fields.get(1)?.parse().ok()?, processor_time })
}

/// The processor time of a process.
pub fn processor_time(pid: u32) -> Outcome<Duration> {
    Ok(stat(pid).ok_or("the server is gone")?.processor_time)
}

/// The processor time of all descendants of this process but one.
pub fn processor_time_of_others(but: u32) -> Duration {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| pid != but && is_descendant(pid))
        .filter_map(|pid| Some(stat(pid)?.processor_time))
        .sum()
}

fn is_descendant(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| {
        stat.parent == process::id() || (stat.parent > 1 && is_descendant(stat.parent))
    })
}

/// A process's peak memory, in MiB.
pub fn peak_memory(pid: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.ok_or("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

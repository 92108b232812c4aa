//! What a process writes to its log.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// How long to wait for a line.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The lines that a process writes, read as they arrive.
#[derive(Default, Clone)]
pub struct Log(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Log {
    pub fn read(from: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let writing = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                writing.change(|lines| lines.lines.push(line));
            }
            writing.change(|lines| lines.ended = true);
        });
        log
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        let (lines, changed) = &*self.0;
        change(&mut lines.lock().unwrap());
        changed.notify_all();
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.clone()
    }

    /// Whether a line so far contains this text.
    pub fn has(&self, text: &str) -> bool {
        self.0.0.lock().unwrap().lines.iter().any(|line| line.contains(text))
    }

    /// Waits until the process ends, and returns all lines.
    pub fn wait_for_end(&self) -> Vec<String> {
        self.wait(|lines| lines.ended.then_some(())).expect("the process ends");
        self.lines()
    }

    /// Waits for a line that contains this text, and returns the first one.
    pub fn wait_for(&self, text: &str) -> String {
        let find = |lines: &Lines| {
            let line = lines.lines.iter().find(|line| line.contains(text)).cloned();
            (line.is_some() || lines.ended).then_some(line)
        };
        let line = self.wait(find).flatten();
        line.unwrap_or_else(|| panic!("{text:?} is not in the log: {:#?}", self.lines()))
    }

    fn wait<T>(&self, look: impl Fn(&Lines) -> Option<T>) -> Option<T> {
        let (lines, changed) = &*self.0;
        let not_yet = |lines: &mut Lines| look(lines).is_none();
        let lines = changed.wait_timeout_while(lines.lock().unwrap(), TIMEOUT, not_yet);
        look(&lines.unwrap().0)
    }
}

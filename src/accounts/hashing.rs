//! Password hashing. It is slow on purpose, so it runs on its own threads, one per core.

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use argon2::password_hash::{self, PasswordVerifier, phc};
use tokio::sync::oneshot;
use waxseal_session::Clock;

use super::argon2id::Argon2id;
use crate::{
    domain::{Password, PasswordHash},
    telemetry,
};

/// How many requests may queue per thread. At 25 ms a hash, the last one waits under two seconds;
/// later ones get 503 and may try again.
const QUEUE_PER_THREAD: usize = 64;

/// The nice value of hashing threads. At 5 they get a third of a busy processor; at 19 they would
/// get almost nothing, and log-ins would fail next to a busy process.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// How long a request may wait for its hash. A 503 must be sent within 10 s.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// The hash to verify against if there is no account, so that the answer takes as long. It is random
/// bytes, and `verify` never accepts it.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$P2peujDtxHyi+MZDRhwDjQ$rXtK1zUg1aBOmbeiITD29L3UyXBjZj2msI6ltXv8N40";

/// Hashes passwords with Argon2id on one thread per core. Each thread keeps a buffer of 19 MiB, so
/// memory use does not depend on the load. Clones share the threads and the queue; the threads end
/// with the last clone.
#[derive(Clone)]
pub struct Hashing {
    queue: SyncSender<Job>,
    clock: Clock,
}

pub(super) type Job = Box<dyn FnOnce() + Send>;

impl Hashing {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If the system can't start a thread.
    pub fn new(clock: Clock) -> Result<Self, HashingError> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let (queue, jobs) = sync_channel(threads * QUEUE_PER_THREAD);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            let thread = thread::Builder::new().name("hashing".to_owned());
            let work = move || {
                lower_priority();
                worker_loop(&jobs);
            };
            thread.spawn(work).map_err(HashingError::Thread)?;
        }
        Ok(Self { queue, clock })
    }

    /// Hashes a password.
    pub(super) async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let password = password.clone();
        self.run_measured(move || hash(&password)).await?
    }

    /// Verifies a password. Returns the hash to store if it is right: the same one, or a new one if
    /// that has outdated parameters. Without a hash it takes as long and returns `None`.
    pub(super) async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Option<PasswordHash>, HashingError> {
        let (password, hash) = (password.clone(), hash.cloned());
        self.run_measured(move || verify(&password, hash)).await?
    }

    /// Runs slow work on the threads. They skip it if the caller has been dropped or has timed out.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, answer) = oneshot::channel();
        let (clock, queued) = (self.clock.clone(), self.clock.elapsed());
        let job = move || {
            telemetry::hashing_waited(clock.elapsed().saturating_sub(queued));
            if !reply.is_closed() {
                let _caller_dropped = reply.send(work());
            }
        };
        self.queue.try_send(Box::new(job)).map_err(|_| HashingError::Overloaded)?;
        tokio::select! {
            biased;
            answer = answer => answer.map_err(|_| HashingError::Interrupted),
            () = self.clock.sleep_until(queued + QUEUE_TIMEOUT) => Err(HashingError::Overloaded),
        }
    }

    /// Runs work on the threads and records how long it takes.
    async fn run_measured<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let clock = self.clock.clone();
        self.run(move || {
            let start = clock.elapsed();
            let result = work();
            telemetry::password_hashed(clock.elapsed().saturating_sub(start));
            result
        })
        .await
    }
}

/// Lowers this thread's priority, so that pages don't wait for log-ins. With 32 log-ins in flight on
/// two cores, the p99 of a page is 3.7 ms with it and 5.4 ms without, at the same rate of log-ins
/// (`benches/storm.rs`).
#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux this affects the calling thread only. Hashing works without it.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        log::warn!("hashing runs at normal priority: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

/// Runs jobs until the last [`Hashing`] is dropped.
fn worker_loop(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            log::error!("hashing a password panicked");
        }
    }
}

fn hash(password: &Password) -> Result<PasswordHash, HashingError> {
    Ok(PasswordHash::from_phc(Argon2id.hash(password.as_str().as_bytes())?))
}

fn verify(
    password: &Password,
    user_hash: Option<PasswordHash>,
) -> Result<Option<PasswordHash>, HashingError> {
    let phc = user_hash.as_ref().map_or(DUMMY, PasswordHash::as_phc);
    let parsed = phc::PasswordHash::new(phc).map_err(password_hash::Error::from)?;
    match Argon2id.verify_password(password.as_str().as_bytes(), &parsed) {
        Err(password_hash::Error::PasswordInvalid) => return Ok(None),
        verified => verified?,
    }
    match user_hash {
        None => Ok(None),
        Some(current) if Argon2id.is_current(&parsed) => Ok(Some(current)),
        Some(_) => hash(password).map(Some),
    }
}

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// The queue is full, or the request waited too long.
    #[error("too many log-ins at once")]
    Overloaded,
    /// The stored hash is not a PHC string of Argon2, or the system's random generator failed.
    #[error("a password could not be hashed")]
    Hash(#[from] password_hash::Error),
    /// The work panicked.
    #[error("hashing was interrupted")]
    Interrupted,
    /// The system can't start a thread.
    #[error("no thread to hash on")]
    Thread(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc::channel,
        },
    };

    use futures_util::FutureExt;

    use super::*;
    use crate::accounts::argon2id;
    use waxseal_session::Timestamp;

    impl Hashing {
        /// Hashing without threads: the test receives the queued jobs and runs them itself.
        pub(in crate::accounts) fn without_threads(clock: Clock) -> (Self, Receiver<Job>) {
            let (queue, jobs) = sync_channel(QUEUE_PER_THREAD);
            (Self { queue, clock }, jobs)
        }
    }

    #[test]
    fn a_full_queue_refuses_known_and_unknown_addresses_alike() {
        let (hashing, jobs) = Hashing::without_threads(Clock::manual(Timestamp::from_unix(0)));
        let password = Password::parse("violet anvil forty marmots").unwrap();
        while hashing.queue.try_send(Box::new(|| ())).is_ok() {}
        let dummy = PasswordHash::from_phc(DUMMY);
        for hash in [Some(&dummy), None] {
            let refused = hashing.verify(&password, hash).now_or_never();
            assert!(matches!(refused, Some(Err(HashingError::Overloaded))), "{hash:?}");
        }
        for hash in [Some(&dummy), None] {
            jobs.recv().unwrap()();
            let queued = hashing.verify(&password, hash).now_or_never();
            assert!(queued.is_none(), "{hash:?}");
        }
    }

    #[actix_web::test]
    async fn only_the_right_password_verifies_and_none_does_without_a_hash() {
        let hashing = Hashing::new(Clock::system()).unwrap();
        let [right, wrong] =
            ["violet anvil", "forty marmots"].map(|text| Password::parse(text).unwrap());
        let hash = hashing.hash(&right).await.unwrap();
        assert_eq!(hashing.verify(&right, Some(&hash)).await.unwrap().as_ref(), Some(&hash));
        assert_eq!(hashing.verify(&wrong, Some(&hash)).await.unwrap(), None);
        assert_eq!(hashing.verify(&right, None).await.unwrap(), None);
    }

    /// This bounds the memory: 19 MiB per thread.
    #[actix_web::test]
    async fn one_hash_runs_per_core_and_64_queue_per_core() {
        let hashing = Hashing::new(Clock::system()).unwrap();
        let (gate, closed) = sync_channel::<()>(0);
        let closed = Arc::new(Mutex::new(closed));
        let running = Arc::new(AtomicUsize::new(0));
        let cores = thread::available_parallelism().unwrap().get();
        for _ in 0..cores * QUEUE_PER_THREAD {
            let (closed, running) = (Arc::clone(&closed), Arc::clone(&running));
            let job = move || {
                running.fetch_add(1, Ordering::SeqCst);
                assert!(closed.lock().unwrap().recv().is_err());
            };
            hashing.queue.try_send(Box::new(job)).unwrap();
        }
        while running.load(Ordering::SeqCst) < cores {
            thread::yield_now();
        }
        // The running jobs have left the queue, so there is room for exactly as many again.
        for _ in 0..cores {
            hashing.queue.try_send(Box::new(|| ())).unwrap();
        }
        assert_eq!(running.load(Ordering::SeqCst), cores);
        assert!(hashing.queue.try_send(Box::new(|| ())).is_err(), "the queue is bounded");
        drop(gate);
    }

    #[test]
    fn a_request_times_out_after_three_seconds_and_its_work_is_skipped() {
        let clock = Clock::manual(Timestamp::from_unix(0));
        let (hashing, jobs) = Hashing::without_threads(clock.clone());
        let (done, left_undone) = channel();
        let mut waiting = pin!(hashing.run(move || done.send(())));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.elapse(QUEUE_TIMEOUT - Duration::from_millis(1));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.elapse(Duration::from_millis(1));
        let outcome = waiting.as_mut().now_or_never();
        assert!(matches!(outcome, Some(Err(HashingError::Overloaded))));
        jobs.recv().unwrap()();
        assert!(left_undone.recv().is_err());
    }

    #[test]
    fn work_is_skipped_if_its_request_was_dropped() {
        let (hashing, jobs) = Hashing::without_threads(Clock::manual(Timestamp::from_unix(0)));
        let (done, left_undone) = channel();
        assert!(hashing.run(move || done.send(())).now_or_never().is_none());
        jobs.recv().unwrap()();
        assert!(left_undone.recv().is_err());
    }

    #[test]
    fn verifying_without_a_hash_costs_as_much() {
        let [typed, another] = ["x", "another"].map(|text| Password::parse(text).unwrap());
        let hash = hash(&another).unwrap();
        let memory = |hash: Option<PasswordHash>| {
            let typed = typed.clone();
            let hashed = move || {
                assert_eq!(argon2id::allocated_blocks(), 0);
                assert_eq!(verify(&typed, hash).unwrap(), None);
                argon2id::allocated_blocks()
            };
            thread::spawn(hashed).join().unwrap()
        };
        assert_eq!(memory(None), memory(Some(hash)));
        assert_eq!(memory(None), 19_456);
        // The number of passes is the same, too.
        assert!(Argon2id.is_current(&phc::PasswordHash::new(DUMMY).unwrap()));
    }

    #[actix_web::test]
    async fn a_panic_interrupts_only_its_own_work() {
        let hashing = Hashing::new(Clock::system()).unwrap();
        for _ in 0..64 {
            let outcome = hashing.run(|| panic!("planted")).await;
            assert!(matches!(outcome, Err::<(), _>(HashingError::Interrupted)));
        }
        assert_eq!(hashing.run(|| 42).await.unwrap(), 42);
    }
}

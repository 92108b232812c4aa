//! Hashing passwords: slow on purpose, so on threads of its own, as many as there are cores.

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

/// How many may wait for each that is served. At 25 ms a hash the last of them waits under two
/// seconds; the next is better told to try again.
const QUEUE_PER_THREAD: usize = 64;

/// How nice the threads are to all others: a third of the processor where others want it, too. At
/// 19 they would get next to nothing, and log-ins would fail beside a busy neighbour.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// How long anyone waits, however slow those before are: a 503 has to come within 10 s.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// Compared with when there is no account, so that it takes as long. Random bytes: no password is
/// known to have this hash, and none would be let in by it.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$P2peujDtxHyi+MZDRhwDjQ$rXtK1zUg1aBOmbeiITD29L3UyXBjZj2msI6ltXv8N40";

/// Hashes passwords with Argon2id, as many at once as there are cores. Each thread keeps its
/// memory, so all of it together is cores × 19 MiB, however many wait. Clones share the threads
/// and the queue; the threads end with the last clone.
#[derive(Clone)]
pub struct Hashing {
    queue: SyncSender<Job>,
    clock: Clock,
}

type Job = Box<dyn FnOnce() + Send>;

impl Hashing {
    /// As many threads as cores.
    ///
    /// # Errors
    ///
    /// When the system has no threads for it.
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

    /// A new hash of a password.
    pub(super) async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let password = password.clone();
        self.measured(move || hash(&password)).await?
    }

    /// Compares a password with a hash. When it is right: the hash to keep from now on, the
    /// same one or, if that was made with older parameters, a new one. With no hash to compare
    /// with, it takes as long and is never right.
    pub(super) async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Option<PasswordHash>, HashingError> {
        let (password, hash) = (password.clone(), hash.cloned());
        self.measured(move || verify(&password, hash)).await?
    }

    /// Has slow work done by the threads. It is left undone when its request has gone meanwhile, or
    /// has been told to come back.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, answer) = oneshot::channel();
        let (clock, queued) = (self.clock.clone(), self.clock.elapsed());
        let job = move || {
            telemetry::hashing_waited(clock.elapsed().saturating_sub(queued));
            if !reply.is_closed() {
                let _gone_meanwhile = reply.send(work());
            }
        };
        self.queue.try_send(Box::new(job)).map_err(|_| HashingError::Overloaded)?;
        tokio::select! {
            biased;
            answer = answer => answer.map_err(|_| HashingError::CutOff),
            () = self.clock.sleep_until(queued + QUEUE_TIMEOUT) => Err(HashingError::Overloaded),
        }
    }

    /// The same for work that is a password's hash: how long it takes is measured.
    async fn measured<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let clock = self.clock.clone();
        self.run(move || {
            let begun = clock.elapsed();
            let done = work();
            telemetry::password_hashed(clock.elapsed().saturating_sub(begun));
            done
        })
        .await
    }
}

/// Has this thread give way to others, so that pages don't wait for log-ins. (32 of them always in
/// flight on two cores: p99 of a page 3.7 ms with it, 5.4 ms without, and as many
/// log-ins a second: `benches/storm.rs`.)
#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux this is the thread's own; where it may not, hashing goes on all the same.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        log::warn!("hashing runs at the priority of all else: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

/// What a thread does until the last [`Hashing`] is dropped.
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
    hash_of_user: Option<PasswordHash>,
) -> Result<Option<PasswordHash>, HashingError> {
    let phc = hash_of_user.as_ref().map_or(DUMMY, PasswordHash::as_phc);
    let parsed = phc::PasswordHash::new(phc).map_err(password_hash::Error::from)?;
    match Argon2id.verify_password(password.as_str().as_bytes(), &parsed) {
        Err(password_hash::Error::PasswordInvalid) => return Ok(None),
        verified => verified?,
    }
    match hash_of_user {
        None => Ok(None),
        Some(current) if Argon2id.is_current(&parsed) => Ok(Some(current)),
        Some(_) => hash(password).map(Some),
    }
}

/// A password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many are waiting.
    #[error("too many log-ins at once")]
    Overloaded,
    /// The hash is not a PHC string of Argon2, or the system has no randomness.
    #[error("a password could not be hashed")]
    Hash(#[from] password_hash::Error),
    /// The work was cut off by a panic.
    #[error("hashing was cut off")]
    CutOff,
    /// The system has no thread to hash on.
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
        /// Hashing without threads: a test receives what is queued, and does it when it likes.
        pub(in crate::accounts) fn by_hand(clock: Clock) -> (Self, Receiver<Job>) {
            let (queue, jobs) = sync_channel(QUEUE_PER_THREAD);
            (Self { queue, clock }, jobs)
        }
    }

    #[test]
    fn who_comes_when_the_queue_is_full_is_told_so_with_an_account_or_without() {
        let (hashing, jobs) = Hashing::by_hand(Clock::manual(Timestamp::from_unix(0)));
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
    async fn only_the_right_password_is_right_and_none_is_where_there_is_no_hash() {
        let hashing = Hashing::new(Clock::system()).unwrap();
        let [right, wrong] =
            ["violet anvil", "forty marmots"].map(|text| Password::parse(text).unwrap());
        let hash = hashing.hash(&right).await.unwrap();
        assert_eq!(hashing.verify(&right, Some(&hash)).await.unwrap().as_ref(), Some(&hash));
        assert_eq!(hashing.verify(&wrong, Some(&hash)).await.unwrap(), None);
        assert_eq!(hashing.verify(&right, None).await.unwrap(), None);
    }

    /// So many times 19 MiB is the most that hashing takes.
    #[actix_web::test]
    async fn as_many_are_hashed_at_once_as_there_are_cores_and_64_times_as_many_wait() {
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
        // One more thread would have taken another by the time that many can be sent.
        for _ in 0..cores {
            hashing.queue.try_send(Box::new(|| ())).unwrap();
        }
        assert_eq!(running.load(Ordering::SeqCst), cores);
        assert!(hashing.queue.try_send(Box::new(|| ())).is_err(), "the queue has an end");
        drop(gate);
    }

    #[test]
    fn a_request_that_has_waited_for_three_seconds_is_told_to_come_back_and_not_hashed_for() {
        let clock = Clock::manual(Timestamp::from_unix(0));
        let (hashing, jobs) = Hashing::by_hand(clock.clone());
        let (done, left_undone) = channel();
        let mut waiting = pin!(hashing.run(move || done.send(())));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.elapse(QUEUE_TIMEOUT - Duration::from_millis(1));
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.elapse(Duration::from_millis(1));
        let told = waiting.as_mut().now_or_never();
        assert!(matches!(told, Some(Err(HashingError::Overloaded))));
        jobs.recv().unwrap()();
        assert!(left_undone.recv().is_err());
    }

    #[test]
    fn work_whose_request_is_gone_is_not_done() {
        let (hashing, jobs) = Hashing::by_hand(Clock::manual(Timestamp::from_unix(0)));
        let (done, left_undone) = channel();
        assert!(hashing.run(move || done.send(())).now_or_never().is_none());
        jobs.recv().unwrap()();
        assert!(left_undone.recv().is_err());
    }

    #[test]
    fn an_unknown_address_costs_what_a_known_one_does() {
        let [typed, another] = ["x", "another"].map(|text| Password::parse(text).unwrap());
        let hash = hash(&another).unwrap();
        let memory = |hash: Option<PasswordHash>| {
            let typed = typed.clone();
            let hashed = move || {
                assert_eq!(argon2id::blocks_kept(), 0);
                assert_eq!(verify(&typed, hash).unwrap(), None);
                argon2id::blocks_kept()
            };
            thread::spawn(hashed).join().unwrap()
        };
        assert_eq!(memory(None), memory(Some(hash)));
        assert_eq!(memory(None), 19_456);
        // With as many passes.
        assert!(Argon2id.is_current(&phc::PasswordHash::new(DUMMY).unwrap()));
    }

    #[actix_web::test]
    async fn a_panic_cuts_off_its_own_work_only() {
        let hashing = Hashing::new(Clock::system()).unwrap();
        for _ in 0..64 {
            let cut_off = hashing.run(|| panic!("planted")).await;
            assert!(matches!(cut_off, Err::<(), _>(HashingError::CutOff)));
        }
        assert_eq!(hashing.run(|| 42).await.unwrap(), 42);
    }
}

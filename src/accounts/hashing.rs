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

use argon2::password_hash::{self, PasswordVerifier, phc::PasswordHash};
use tokio::{sync::oneshot, time::timeout};

use super::{argon2id::Argon2id, password::Password};
use crate::{clock::Clock, telemetry};

/// How many may wait for each that is served. At 25 ms a hash the last of them waits under two
/// seconds; whoever comes after is better told to try again.
const QUEUE_PER_THREAD: usize = 64;

/// For so long anybody waits, however slow those before are: a 503 has to come within 10 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is compared with when there is no account, so that it takes as long. Random bytes: no
/// password is known to have this hash, and none would be let in by it.
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
    /// As many threads as cores. The clock is for the metrics.
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
            thread.spawn(move || work_off(&jobs)).map_err(HashingError::Thread)?;
        }
        Ok(Self { queue, clock })
    }

    /// A new PHC string for a password.
    pub(super) async fn hash(&self, password: &Password) -> Result<String, HashingError> {
        let password = password.clone();
        self.measured(move || Ok(Argon2id.hash(password.as_str().as_bytes())?)).await?
    }

    /// Compares a password with a PHC string. When it is right: the hash to keep from now on, the
    /// same one or, if that was made with older parameters, a new one. With no hash to compare
    /// with, it takes as long and is never right.
    pub(super) async fn verify(
        &self,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Option<String>, HashingError> {
        let (password, hash) = (password.clone(), hash.map(str::to_owned));
        self.measured(move || verify(password.as_str().as_bytes(), hash.as_deref())).await?
    }

    /// Has slow work done when its turn has come. What nobody waits for any more by then, because
    /// the request is gone or has been told to come back, is not done.
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
        let answer = timeout(PATIENCE, answer).await.map_err(|_| HashingError::Overloaded)?;
        answer.map_err(|_| HashingError::CutOff)
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

/// What a thread does until nobody can send work any more.
fn work_off(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            log::error!("hashing a password panicked");
        }
    }
}

fn verify(password: &[u8], hash: Option<&str>) -> Result<Option<String>, HashingError> {
    let parsed = PasswordHash::new(hash.unwrap_or(DUMMY)).map_err(password_hash::Error::from)?;
    match Argon2id.verify_password(password, &parsed) {
        Err(password_hash::Error::PasswordInvalid) => return Ok(None),
        verified => verified?,
    }
    match hash {
        None => Ok(None),
        Some(hash) if Argon2id.is_current(&parsed) => Ok(Some(hash.to_owned())),
        Some(_) => Ok(Some(Argon2id.hash(password)?)),
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Keeps every thread busy, and the queue full, until it is dropped.
    fn fill(hashing: &Hashing) -> SyncSender<()> {
        let (gate, closed) = sync_channel::<()>(0);
        let closed = Arc::new(Mutex::new(closed));
        loop {
            let closed = Arc::clone(&closed);
            let job = move || assert!(closed.lock().unwrap().recv().is_err());
            if hashing.queue.try_send(Box::new(job)).is_err() {
                // A thread may just have taken one out: full is when it stays so.
                thread::yield_now();
                if hashing.queue.try_send(Box::new(|| {})).is_err() {
                    return gate;
                }
            }
        }
    }

    #[actix_web::test]
    async fn who_comes_when_the_queue_is_full_is_told_so_with_an_account_or_without() {
        let hashing = Hashing::new(Clock::system()).unwrap();
        let password = Password::parse("violet anvil forty marmots").unwrap();
        let hash = hashing.hash(&password).await.unwrap();
        let gate = fill(&hashing);
        // That an unknown address is refused here shows that it, too, would have been hashed.
        for hash in [Some(hash.as_str()), None] {
            let refused = hashing.verify(&password, hash).await;
            assert!(matches!(refused, Err(HashingError::Overloaded)));
        }
        drop(gate);
        while let Err(HashingError::Overloaded) = hashing.run(|| ()).await {}
        assert_eq!(hashing.verify(&password, Some(&hash)).await.unwrap(), Some(hash));
        assert_eq!(hashing.verify(&password, None).await.unwrap(), None);
    }

    /// So many times 19 MiB is the most that hashing takes.
    #[actix_web::test]
    async fn as_many_are_hashed_at_once_as_there_are_cores() {
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
            let Ok(()) = hashing.queue.try_send(Box::new(|| ())) else { break };
        }
        assert_eq!(running.load(Ordering::SeqCst), cores);
        drop(gate);
    }

    #[test]
    fn an_unknown_address_costs_what_a_known_one_does() {
        assert!(Argon2id.is_current(&PasswordHash::new(DUMMY).unwrap()));
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

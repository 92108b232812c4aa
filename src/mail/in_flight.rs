//! The mails that this node is sending.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;
use uuid::Uuid;

/// Mails sent at once, each with a connection of its own. Mail servers refuse those that come with many.
pub(super) const AT_ONCE: usize = 5;

/// The mails that a node is sending.
#[derive(Clone)]
pub struct InFlight {
    /// One for each mail that can be sent at once.
    pub(super) places: Arc<Semaphore>,
    /// Their ids. A claim can be over before its mail is sent: clocks jump.
    pub(super) ids: Ids,
}

/// Ids of mails.
#[derive(Clone, Default)]
pub(super) struct Ids(Arc<Mutex<HashSet<Uuid>>>);

/// Removes an id when it is dropped, also by a panic.
pub(super) struct Entered(Ids, Uuid);

impl Default for InFlight {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { places, ids: Ids::default() }
    }
}

impl Ids {
    fn lock(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if it is there already.
    pub(super) fn enter(&self, id: Uuid) -> Option<Entered> {
        self.lock().insert(id).then(|| Entered(self.clone(), id))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

//! Says at start what a store in memory means.

use std::sync::{Mutex, PoisonError};

use actix_web::rt::System;

use super::SessionEngine;
use crate::store::SessionStore;

/// A store in memory that is in use.
struct InUse {
    /// The server (or test) that it is used in.
    system: Option<usize>,
    cookie: String,
    /// The address of its memory.
    store: usize,
}

impl<S: SessionStore> SessionEngine<S> {
    /// Warns that sessions end with the process, and that workers don't share them if each has a store of
    /// its own. Called once by each worker.
    pub(crate) fn warn_of_memory(&self) {
        static IN_USE: Mutex<Vec<InUse>> = Mutex::new(Vec::new());

        let Some(store) = self.store.memory_address() else { return };
        let system = System::try_current().map(|system| system.id());
        let cookie = &self.settings.cookie.name;
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let same_server = |known: &&InUse| known.system == system && known.cookie == *cookie;
        match in_use.iter().find(same_server) {
            Some(known) if known.store == store => {}
            Some(_) => log::error!(
                "cookie {cookie}: each worker has sessions of its own, so people are logged out as \
                 soon as another worker answers. Build the SessionMiddleware with its MemoryStore \
                 outside of the closure that HttpServer::new takes, and clone it inside"
            ),
            None => {
                log::warn!(
                    "cookie {cookie}: sessions are kept in memory and end with this process \
                     (MemoryStore)"
                );
                in_use.push(InUse { system, cookie: cookie.clone(), store });
            }
        }
    }
}

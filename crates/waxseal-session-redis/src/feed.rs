//! The revocation feed: reads the set of revocations when it connects, and follows the stream from there.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use redis::RedisResult;
use waxseal_session::{ErrorChain, Replacement, Revocation, SessionId, Timestamp};

use crate::{connection::Connection, error::RedisStoreError, scripts, shared::Shared};

/// How long Redis waits for a revocation before it answers that there is none: a node never goes longer
/// without a word from Redis, nor without noticing that data were lost.
const BLOCK: Duration = Duration::from_secs(1);

/// How long an answer may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait after a failure.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// How many entries are read or written at once: few enough that Redis answers others meanwhile.
const BATCH: usize = 1000;

/// For how long before the last entry of the stream a node that connects reads it. The set doesn't tell
/// which sessions were replaced within the last minute; the stream does.
const REPLACEMENTS: u64 = 60_000;

/// An entry of the stream: its id and its fields.
type Entry = (String, HashMap<String, String>);

/// Follows the stream on a connection of its own.
pub(crate) struct Feed {
    connection: Connection,
    /// The last entry that was read.
    position: String,
}

/// Follows the feed until the future is dropped.
pub(crate) async fn follow(shared: &Shared, feed: Feed) {
    let mut feed = Some(feed);
    let mut has_failed = false;
    loop {
        let result = match feed.take() {
            Some(feed) => Ok(feed),
            // From the beginning: the server that answers now may be another one, which has less.
            None => Feed::connect(shared).await,
        };
        let error = match result {
            Ok(feed) => {
                if has_failed {
                    log::info!("revocation feed: connected again");
                    has_failed = false;
                }
                feed.follow(shared).await
            }
            Err(error) => error,
        };
        if !has_failed {
            log::warn!("revocation feed: {}", ErrorChain(&error));
            has_failed = true;
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

impl Feed {
    /// Connects, and reads all revocations.
    pub(crate) async fn connect(shared: &Shared) -> Result<Self, RedisStoreError> {
        let connection = shared.requests.server().connect(RESPONSE_TIMEOUT).await?;
        let mut feed = Self { connection, position: String::new() };
        feed.reload(shared).await?;
        Ok(feed)
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Follows the stream until it fails.
    async fn follow(mut self, shared: &Shared) -> RedisStoreError {
        loop {
            if let Err(error) = self.read_once(shared).await {
                return error;
            }
        }
    }

    /// Waits for a revocation, and reads what there is.
    async fn read_once(&mut self, shared: &Shared) -> Result<(), RedisStoreError> {
        self.wait(shared).await?;
        let elapsed = shared.clock.elapsed();
        if self.read(shared).await? {
            shared.feed.set_synced(elapsed);
            Ok(())
        } else {
            self.reload(shared).await
        }
    }

    /// Waits until the stream has more, but not long.
    async fn wait(&mut self, shared: &Shared) -> RedisResult<()> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(1).arg("BLOCK").arg(BLOCK.as_millis().to_string());
        command.arg("STREAMS").arg(&shared.keys.revocations).arg(&self.position);
        command.query_async(&mut self.connection).await
    }

    /// Reads the stream from the position to its end. `false` if Redis has lost the epoch or the position.
    async fn read(&mut self, shared: &Shared) -> RedisResult<bool> {
        let epoch = shared.epoch.name();
        loop {
            let entries = self.entries(shared, &epoch, &self.position.clone()).await?;
            let Some(entries) = entries.filter(|entries| self.begins_at_position(entries)) else {
                return Ok(false);
            };
            let is_last = entries.len() < BATCH;
            self.insert(shared, entries);
            if is_last {
                return Ok(true);
            }
        }
    }

    /// The entry at the position is still there, so those after it are complete.
    fn begins_at_position(&self, entries: &[Entry]) -> bool {
        entries.first().is_some_and(|(id, _)| *id == self.position)
    }

    /// The entries of the stream from this one on; `None` if the epoch is over.
    async fn entries(
        &mut self,
        shared: &Shared,
        epoch: &str,
        from: &str,
    ) -> RedisResult<Option<Vec<Entry>>> {
        let mut script = scripts::READ.prepare_invoke();
        script.key(&shared.keys.revoked).key(&shared.keys.revocations);
        script.arg(epoch).arg(from).arg(BATCH);
        script.invoke_async(&mut self.connection).await
    }

    fn insert(&mut self, shared: &Shared, entries: Vec<Entry>) {
        for (id, fields) in entries {
            match revocation(&fields) {
                Some(revocation) => shared.feed.insert(revocation),
                None if fields.contains_key("epoch") => {}
                None => log::warn!("revocation feed: an entry is not a revocation: {id}"),
            }
            self.position = id;
        }
    }

    /// Reads all revocations, and writes back those that Redis has lost.
    async fn reload(&mut self, shared: &Shared) -> Result<(), RedisStoreError> {
        let (now, elapsed) = (shared.clock.now(), shared.clock.elapsed());
        shared.epoch.read(&mut self.connection, &shared.keys, now).await?;
        let mut script = scripts::LAST_ENTRY.prepare_invoke();
        script.key(&shared.keys.revocations);
        let last: Option<String> = script.invoke_async(&mut self.connection).await?;
        let last = last.ok_or(RedisStoreError::DataLost)?;
        // In this order: what is committed after the set was read comes after `last`.
        let known = self.read_set(shared).await?;
        self.position = earlier(&last, REPLACEMENTS);
        let epoch = shared.epoch.name();
        loop {
            let from = self.position.clone();
            let entries = self.entries(shared, &epoch, &from).await?;
            let entries = entries.ok_or(RedisStoreError::DataLost)?;
            let is_last = entries.len() < BATCH;
            self.insert(shared, entries);
            if is_last {
                break;
            }
        }
        self.restore(shared, &known).await?;
        shared.feed.set_synced(elapsed);
        Ok(())
    }

    /// Reads the set of revocations.
    async fn read_set(&mut self, shared: &Shared) -> RedisResult<HashSet<SessionId>> {
        let (mut known, mut cursor) = (HashSet::new(), "0".to_owned());
        loop {
            let mut script = scripts::SCAN.prepare_invoke();
            script.key(&shared.keys.revoked).arg(&cursor).arg(BATCH);
            let (next, members): (String, Vec<(String, f64)>) =
                script.invoke_async(&mut self.connection).await?;
            for (member, score) in members {
                // Other members are epochs.
                let Ok(id) = member.parse() else { continue };
                let expires_at = Timestamp::from_unix(score as i64);
                shared.feed.insert(Revocation { id, expires_at, replaced: None });
                known.insert(id);
            }
            if next == "0" {
                return Ok(known);
            }
            cursor = next;
        }
    }

    /// Writes back the revocations that this node knows and Redis does not.
    async fn restore(&mut self, shared: &Shared, known: &HashSet<SessionId>) -> RedisResult<()> {
        let now = shared.clock.earliest();
        let mut lost = Vec::new();
        shared.feed.for_each(|id, expires_at| {
            if expires_at >= now && !known.contains(&id) {
                lost.push((id, expires_at));
            }
        });
        let mut restored = 0;
        for batch in lost.chunks(BATCH) {
            let mut script = scripts::RESTORE.prepare_invoke();
            script.key(&shared.keys.revoked).key(&shared.keys.revocations);
            for (id, expires_at) in batch {
                script.key(shared.keys.session(id));
                script.arg(id.to_string()).arg(expires_at.as_unix());
            }
            restored += script.invoke_async::<usize>(&mut self.connection).await?;
        }
        if restored > 0 {
            log::warn!("revocation feed: wrote back {restored} revocations that Redis had lost");
        }
        Ok(())
    }
}

/// An entry's id this many milliseconds before another one.
fn earlier(id: &str, millis: u64) -> String {
    let time = id.split('-').next().and_then(|time| time.parse::<u64>().ok());
    format!("{}-0", time.unwrap_or_default().saturating_sub(millis))
}

fn revocation(fields: &HashMap<String, String>) -> Option<Revocation> {
    let time = |name| fields.get(name)?.parse().ok().map(Timestamp::from_unix);
    let replaced = match fields.get("by").map(String::as_str) {
        None | Some("") => None,
        Some(by) => Some(Replacement { by: by.parse().ok()?, at: time("at")? }),
    };
    let (id, expires_at) = (fields.get("id")?.parse().ok()?, time("expires_at")?);
    Some(Revocation { id, expires_at, replaced })
}

//! Warns of settings of Redis with which sessions or revocations get lost.

use std::collections::HashMap;

use redis::RedisResult;

use crate::connection::Connection;

/// Logs a warning for each such setting. A provider may forbid asking: then there is nothing to say.
pub(crate) async fn check(connection: &mut Connection) {
    for warning in warnings(&settings(connection).await.unwrap_or_default()) {
        log::warn!("{warning}");
    }
}

async fn settings(connection: &mut Connection) -> RedisResult<HashMap<String, String>> {
    let mut settings = HashMap::new();
    for name in ["maxmemory-policy", "appendonly", "save"] {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        settings.extend(command.query_async::<HashMap<String, String>>(connection).await?);
    }
    Ok(settings)
}

fn warnings(settings: &HashMap<String, String>) -> Vec<String> {
    let setting = |name| settings.get(name).map(String::as_str);
    let mut warnings = Vec::new();
    if let Some(policy) = setting("maxmemory-policy").filter(|policy| *policy != "noeviction") {
        warnings.push(format!(
            "Redis evicts keys when its memory is full (maxmemory-policy {policy}), which logs people out: \
             set maxmemory-policy to noeviction"
        ));
    }
    if setting("appendonly") == Some("no") {
        warnings.push(match setting("save") {
            Some("") => "Redis keeps nothing on disk, so its restart logs everyone out: set appendonly to yes",
            _ => "Redis keeps only snapshots on disk, so its crash can bring sessions back that were revoked \
                  after the last one: set appendonly to yes",
        }.to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings_of(settings: &[(&str, &str)]) -> String {
        let owned = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        warnings(&owned.collect()).join("\n")
    }

    #[test]
    fn settings_that_lose_sessions_are_warned_of() {
        let (evicts, durable) = (("maxmemory-policy", "allkeys-lru"), ("appendonly", "yes"));
        assert!(warnings_of(&[evicts, durable]).contains("maxmemory-policy allkeys-lru"));
        let (keeps, memory) = (("maxmemory-policy", "noeviction"), ("appendonly", "no"));
        assert!(warnings_of(&[keeps, memory, ("save", "")]).contains("keeps nothing"));
        assert!(warnings_of(&[keeps, memory, ("save", "3600 1")]).contains("snapshots"));
        assert_eq!(warnings_of(&[keeps, durable]), "");
        assert_eq!(warnings_of(&[]), "");
    }
}

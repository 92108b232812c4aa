//! A cache of the tokens that were sealed or unsealed recently.

use scc::HashCache;

use crate::claims::Claims;

/// The claims of recent tokens, so that a token that comes again is looked up instead of unsealed.
///
/// Expiry and revocation are not cached: they are checked on every request. A token is found by its
/// tag, hashed with a random key, and then compared as a whole: without a valid tag an attacker can't
/// choose the entry compared.
pub(crate) struct RecentTokens(Option<HashCache<Tag, Entry>>);

/// The last 22 characters of a token, which hold the 128 bits of its tag.
type Tag = [u8; 22];

/// A whole token, and its claims.
type Entry = (Box<[u8]>, UnsealedClaims);

/// The claims of a token that was unsealed.
#[derive(Clone)]
pub(crate) struct UnsealedClaims {
    pub(crate) claims: Claims,
    /// A fallback key sealed it.
    pub(crate) by_fallback: bool,
}

impl RecentTokens {
    /// The default size. A browser requests a page and its resources within a second: this is for some
    /// hundred browsers per second and worker.
    pub(crate) const DEFAULT: usize = 1024;
    /// The maximum size: about a gigabyte.
    const MAX: usize = 1 << 20;

    /// A cache for this many tokens; 0 turns it off.
    pub(crate) fn new(count: usize) -> Self {
        // Full capacity from the start: scc 3.8 never evicts what was there before it grew.
        let count = count.min(Self::MAX);
        Self((count > 0).then(|| HashCache::with_capacity(count, count)))
    }

    /// An empty cache of the same size.
    pub(crate) fn as_empty(&self) -> Self {
        Self::new(self.0.as_ref().map_or(0, HashCache::capacity))
    }

    /// The claims of this token, if it is cached.
    pub(crate) fn get(&self, token: &[u8]) -> Option<UnsealedClaims> {
        let tag: &Tag = token.last_chunk()?;
        let entry = self.0.as_ref()?.get_sync(tag)?;
        let (whole, claims) = entry.get();
        (**whole == *token).then(|| claims.clone())
    }

    /// Caches a token, in place of the least recently used one.
    pub(crate) fn put(&self, token: &[u8], claims: &UnsealedClaims) {
        if let (Some(tokens), Some(tag)) = (&self.0, token.last_chunk()) {
            let _evicted = tokens.put_sync(*tag, (token.into(), claims.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, id::SessionId};

    #[test]
    fn a_token_is_cached_until_others_fill_the_cache() {
        let tokens = RecentTokens::new(1024);
        let token = |number: usize| format!("{number:0>50}").into_bytes();
        for number in 0..50_000 {
            let unsealed = unsealed();
            tokens.put(&token(number), &unsealed);
            let known = tokens.get(&token(number));
            assert!(known.is_some_and(|known| known.claims.sid == unsealed.claims.sid));
        }
        let known: Vec<_> = (0..50_000).filter(|it| tokens.get(&token(*it)).is_some()).collect();
        assert!((512..=1024).contains(&known.len()), "{} are known", known.len());
        assert!(known[0] > 45_000, "token {} is still known", known[0]);
    }

    #[test]
    fn a_cache_of_size_zero_holds_nothing() {
        for (count, known) in [(0, false), (1, true)] {
            for tokens in [RecentTokens::new(count), RecentTokens::new(count).as_empty()] {
                tokens.put(&[b'A'; 50], &unsealed());
                assert_eq!(tokens.get(&[b'A'; 50]).is_some(), known, "room for {count}");
            }
        }
    }

    fn unsealed() -> UnsealedClaims {
        let (sid, time) = (SessionId::random(), Timestamp::from_unix(0));
        let claims = Claims { sid, auth_time: time, iat: time, exp: time, state: None };
        UnsealedClaims { claims, by_fallback: false }
    }
}

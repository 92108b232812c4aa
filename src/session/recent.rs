//! The tokens that were sealed or opened lately, and what they say.

use scc::HashCache;

use super::envelope::Claims;

/// The tokens that were sealed or opened lately, and what they say: to open one of them again is to
/// look it up.
///
/// Whether the session still lives is not among it: times and standing are asked every time. A token
/// is found by its tag, hashed with a key of its own, and compared as a whole: which of them a guess is
/// compared with, nobody can choose who does not have that tag.
pub(super) struct RecentTokens(Option<HashCache<Tag, Known>>);

/// The last characters of a token, which have its tag: 22 of six bits for 128.
type Tag = [u8; 22];

/// A whole token, and what it says.
type Known = (Box<[u8]>, Opened);

/// What a token says.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) claims: Claims,
    /// It was sealed with a fallback key: time to seal anew.
    pub(super) by_fallback: bool,
}

impl RecentTokens {
    /// How many are kept, unless told otherwise. A browser asks for a page and for what belongs to it
    /// within a second: this is for some hundred browsers a second and worker.
    pub(super) const DEFAULT: usize = 1024;
    /// How many are kept at most: a gigabyte of them.
    const MOST: usize = 1 << 20;

    /// Room for so many tokens; for none where it is 0.
    pub(super) fn new(count: usize) -> Self {
        // All of the room from the start: what is there when it grows, scc 3.8 never throws out.
        let count = count.min(Self::MOST);
        Self((count > 0).then(|| HashCache::with_capacity(count, count)))
    }

    /// As much room, with nothing in it.
    pub(super) fn as_empty(&self) -> Self {
        Self::new(self.0.as_ref().map_or(0, HashCache::capacity))
    }

    /// What this token says, if it is among them.
    pub(super) fn get(&self, token: &[u8]) -> Option<Opened> {
        let tag: &Tag = token.last_chunk()?;
        let entry = self.0.as_ref()?.get_sync(tag)?;
        let (whole, opened) = entry.get();
        (**whole == *token).then(|| opened.clone())
    }

    /// Keeps a token, in the place of one that was not used for longer.
    pub(super) fn put(&self, token: &[u8], opened: &Opened) {
        if let (Some(tokens), Some(tag)) = (&self.0, token.last_chunk()) {
            let _known_or_not = tokens.put_sync(*tag, (token.into(), opened.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, session::SessionId};

    #[test]
    fn a_token_is_known_until_others_have_taken_all_the_room() {
        let tokens = RecentTokens::new(1024);
        let token = |number: usize| format!("{number:0>50}").into_bytes();
        for number in 0..50_000 {
            let opened = opened();
            tokens.put(&token(number), &opened);
            let known = tokens.get(&token(number));
            assert!(known.is_some_and(|known| known.claims.sid == opened.claims.sid));
        }
        let known: Vec<_> = (0..50_000).filter(|it| tokens.get(&token(*it)).is_some()).collect();
        assert!((512..=1024).contains(&known.len()), "{} are known", known.len());
        assert!(known[0] > 45_000, "token {} is still known", known[0]);
    }

    #[test]
    fn where_there_is_room_for_none_none_is_known() {
        for (count, known) in [(0, false), (1, true)] {
            for tokens in [RecentTokens::new(count), RecentTokens::new(count).as_empty()] {
                tokens.put(&[b'A'; 50], &opened());
                assert_eq!(tokens.get(&[b'A'; 50]).is_some(), known, "room for {count}");
            }
        }
    }

    fn opened() -> Opened {
        let (sid, time) = (SessionId::random(), Timestamp::from_unix(0));
        let claims = Claims { sid, auth_time: time, iat: time, exp: time, state: None };
        Opened { claims, by_fallback: false }
    }
}

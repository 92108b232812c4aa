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
    /// within a second: this is for a thousand browsers a second.
    pub(super) const USUAL: usize = 1024;

    /// Room for so many tokens; for none where it is 0.
    pub(super) fn new(most: usize) -> Self {
        Self((most > 0).then(|| HashCache::with_capacity(0, most)))
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

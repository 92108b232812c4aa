//! Long lists, cut into pages.

/// Which page of a list: from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber(u32);

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Which one it is.
    pub number: u32,
    /// Whether another follows.
    pub has_next: bool,
}

impl PageNumber {
    /// How many items are on a page.
    pub const SIZE: u32 = 50;
    /// The last page that is looked for: looking further only costs the database.
    pub const MAX: u32 = 100_000;

    /// The page of this number, or the nearest there can be.
    pub fn new(number: u32) -> Self {
        Self(number.clamp(1, Self::MAX))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// How many items to ask for: one more than fit, to see whether another page follows.
    pub(super) fn limit(self) -> u32 {
        Self::SIZE + 1
    }

    pub(super) fn offset(self) -> u32 {
        (self.0 - 1) * Self::SIZE
    }

    pub(super) fn of<T>(self, mut items: Vec<T>) -> Page<T> {
        let size = Self::SIZE as usize;
        let has_next = items.len() > size;
        items.truncate(size);
        Page { items, number: self.0, has_next }
    }
}

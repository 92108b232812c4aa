//! Pagination.

/// The number of a page, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber(u32);

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The items on it.
    pub items: Vec<T>,
    /// Its number.
    pub number: u32,
    /// Whether another page follows.
    pub has_next: bool,
}

impl PageNumber {
    /// Items per page.
    pub const SIZE: u32 = 50;
    /// The last page served. A higher number would only cost the database time.
    pub const MAX: u32 = 100_000;

    /// Clamps a number to the range 1 to [`MAX`](Self::MAX).
    pub fn new(number: u32) -> Self {
        Self(number.clamp(1, Self::MAX))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// How many items to query: one more than a page holds, to see whether another page follows.
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

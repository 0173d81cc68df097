//! Pages of long lists.

use serde::{Deserialize, Serialize};

/// Which page is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// At most so many items. 0 is taken as 1; the caller bounds it above.
    pub limit: u32,
    /// Where to go on: the `next_cursor` of the page before. `None` begins.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// The first page.
    pub fn first(limit: u32) -> Self {
        Self { limit, cursor: None }
    }

    /// The limit as a length, at least 1.
    pub fn length(&self) -> usize {
        usize::try_from(self.limit.max(1)).unwrap_or(usize::MAX)
    }
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Ask for this to go on; `None` at the end. Opaque to who asks.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a list that was read one item too long, and makes the cursor from the last item kept.
    pub fn cut(mut items: Vec<T>, length: usize, cursor_of: impl Fn(&T) -> String) -> Self {
        let more = items.len() > length;
        items.truncate(length);
        let next_cursor = if more { items.last().map(cursor_of) } else { None };
        Self { items, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_there_only_when_more_follows() {
        let page = |length| Page::cut(vec![1, 2, 3], length, ToString::to_string);
        assert_eq!(page(2), Page { items: vec![1, 2], next_cursor: Some("2".into()) });
        assert_eq!(page(3), Page { items: vec![1, 2, 3], next_cursor: None });
        assert_eq!(PageRequest::first(0).length(), 1);
    }
}

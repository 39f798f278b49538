//! Which pages of a file are free.

use std::collections::BTreeMap;

/// Free pages, in runs that do not touch.
#[derive(Debug)]
pub(crate) struct Runs {
    /// Length by first page.
    free: BTreeMap<u64, u64>,
    /// Where the last search ended: the next begins there, so that it does not pass the same short runs again.
    next: u64,
    taken: u64,
    most: u64,
}

impl Runs {
    /// `pages` pages, of which at most `most` may be taken at a time. Many more than `most` leave room between what is taken.
    pub(crate) fn new(pages: u64, most: u64) -> Self {
        Self { free: BTreeMap::from([(0, pages)]), next: 0, taken: 0, most }
    }

    /// Takes `count` pages that follow one another; says which is the first.
    pub(crate) fn take(&mut self, count: u64) -> Option<u64> {
        if count == 0 || self.taken.checked_add(count)? > self.most {
            return None;
        }
        let long_enough = |(_, length): &(&u64, &u64)| **length >= count;
        let behind = self.free.range(self.next..).find(long_enough);
        let (&first, &length) = behind.or_else(|| self.free.range(..self.next).find(long_enough))?;
        self.free.remove(&first);
        if length > count {
            self.free.insert(first + count, length - count);
        }
        self.next = first + count;
        self.taken += count;
        Some(first)
    }

    /// Gives pages back that were taken together.
    pub(crate) fn give_back(&mut self, first: u64, count: u64) {
        self.taken -= count;
        let (mut first, mut count) = (first, count);
        if let Some(length) = self.free.remove(&(first + count)) {
            count += length;
        }
        if let Some((&before, &length)) = self.free.range(..first).next_back()
            && before + length == first
        {
            (first, count) = (before, count + length);
        }
        self.free.insert(first, count);
    }

    /// Pages that are taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;

    #[test]
    fn what_is_taken_never_overlaps_and_comes_back_whole() {
        let (mut runs, mut held, mut seed) = (Runs::new(100, 60), Vec::<(u64, u64)>::new(), 7_u64);
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let count = seed >> 33 & 15;
            if seed >> 60 < 8 && !held.is_empty() {
                let (first, count) = held.swap_remove((seed >> 20) as usize % held.len());
                runs.give_back(first, count);
            } else if let Some(first) = runs.take(count) {
                assert!(first + count <= 100);
                assert!(held.iter().all(|(other, length)| first + count <= *other || other + length <= first));
                held.push((first, count));
            }
            let taken: u64 = held.iter().map(|(_, count)| count).sum();
            assert!(runs.taken() == taken && taken <= 60);
        }
        held.drain(..).for_each(|(first, count)| runs.give_back(first, count));
        assert_eq!(runs.free.into_iter().collect::<Vec<_>>(), [(0, 100)]);
    }

    #[test]
    fn no_more_is_taken_than_may_be() {
        let mut runs = Runs::new(100, 10);
        assert_eq!(runs.take(11), None);
        assert_eq!(runs.take(0), None);
        assert_eq!(runs.take(u64::MAX), None);
        assert_eq!(runs.take(10), Some(0));
        assert_eq!(runs.take(1), None);
        runs.give_back(0, 10);
        assert_eq!(runs.take(4), Some(0), "it came back whole");
        assert_eq!(runs.take(4), Some(4), "it goes on where it was");
    }
}

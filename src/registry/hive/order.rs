//! Where Windows looks for a subkey: it halves index and fast leaves, and the lists of an index root, by the order of names.
//! A hash leaf it goes through from one end to the other.
//!
//! The steps are those of the kernel's configuration manager, as ReactOS tells them (`sdk/lib/cmlib/cmindex.c`): which entries
//! are looked at matters where a list is out of order.

use std::cmp::Ordering;
use std::ops::Range;

/// The entry of a leaf at which the search ends. `order` says how the name stands to that of an entry.
pub(super) fn entry<E>(leaf: Range<usize>, order: impl Fn(usize) -> Result<Ordering, E>) -> Result<Option<usize>, E> {
    let Some((mut low, mut high)) = ends(&leaf) else { return Ok(None) };
    while let Some(middle) = middle(low, high) {
        match order(middle)? {
            Ordering::Equal => return Ok(Some(middle)),
            Ordering::Less => high = middle,
            Ordering::Greater => low = middle,
        }
        if low.abs_diff(high) <= 1 {
            break;
        }
    }
    for last in [low, high] {
        match order(last)? {
            Ordering::Equal => return Ok(Some(last)),
            Ordering::Less => return Ok(None),
            Ordering::Greater => {}
        }
    }
    Ok(None)
}

/// The list, of so many that an index root names, that the search goes on in. `leaf` says which entries each has.
pub(super) fn leaf<E>(
    count: usize,
    leaf: impl Fn(usize) -> Range<usize>,
    order: impl Fn(usize) -> Result<Ordering, E>,
) -> Result<Option<usize>, E> {
    // Beyond its last entry, or before its first one; or in it.
    let order = |number: usize| match ends(&leaf(number)) {
        None => Ok(Ordering::Greater),
        Some((first, last)) => match order(last)? {
            Ordering::Less if order(first)? == Ordering::Less => Ok(Ordering::Less),
            Ordering::Less | Ordering::Equal => Ok(Ordering::Equal),
            Ordering::Greater => Ok(Ordering::Greater),
        },
    };
    entry(0..count, order)
}

/// The first and the last number of a range that has any.
fn ends(range: &Range<usize>) -> Option<(usize, usize)> {
    (!range.is_empty()).then(|| range.end.checked_sub(1).map(|last| (range.start, last)))?
}

fn middle(low: usize, high: usize) -> Option<usize> {
    low.checked_add(high.checked_sub(low)? / 2)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "written out to be read")]
mod tests {
    use super::*;

    fn found(list: &[u32], wanted: u32) -> bool {
        let order = |at: usize| Ok::<_, ()>(wanted.cmp(&list[at]));
        entry(0..list.len(), order).unwrap().is_some_and(|at| list[at] == wanted)
    }

    #[test]
    fn every_entry_of_a_sorted_list_is_found_and_nothing_else() {
        for len in 0..40 {
            let list: Vec<u32> = (0..len).map(|n| n * 2 + 1).collect();
            for wanted in 0..=len * 2 + 1 {
                assert_eq!(found(&list, wanted), list.contains(&wanted), "{len} {wanted}");
            }
        }
    }

    #[test]
    fn an_entry_out_of_order_is_found_only_where_the_search_comes_by() {
        for (list, wanted, met) in [
            ([5, 1, 2, 3, 4], 2, true), // the middle, which is looked at first
            ([5, 1, 2, 3, 4], 1, true),
            ([5, 1, 2, 3, 4], 5, false),
            ([1, 2, 3, 5, 4], 5, true),
            ([1, 2, 3, 5, 4], 4, false),
        ] {
            assert_eq!(found(&list, wanted), met, "{list:?} {wanted}");
        }
        assert!(found(&[2, 1], 2));
        assert!(!found(&[2, 1], 1));
    }

    #[test]
    fn lists_of_a_root_are_halved_by_their_ends() {
        let lists: Vec<Vec<u32>> = (0..9).map(|n| vec![n * 10, n * 10 + 3, n * 10 + 6]).collect();
        let root = |lists: &[Vec<u32>], wanted: u32| {
            let starts: Vec<usize> = (0..lists.len()).map(|n| n * 3).collect();
            let all: Vec<u32> = lists.concat();
            let order = |at: usize| Ok::<_, ()>(wanted.cmp(&all[at]));
            leaf(lists.len(), |n| starts[n]..starts[n] + 3, order).unwrap()
        };
        for (n, list) in lists.iter().enumerate() {
            assert!(list.iter().all(|&wanted| root(&lists, wanted) == Some(n)), "{n}");
        }
        assert_eq!(root(&lists, 99), None);
        let mut swapped = lists.clone();
        swapped.swap(0, 8);
        assert_eq!(root(&swapped, 83), None);
        assert_eq!(root(&swapped, 43), Some(4));
    }
}

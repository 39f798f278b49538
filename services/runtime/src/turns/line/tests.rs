#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use super::{BELIEVED, Line, STEP};
use crate::{Demand, Urgency};

fn demand(urgency: Urgency, caller: u64) -> Demand {
    Demand { urgency, caller }
}

fn drained<T>(line: &mut Line<T>, now: Instant) -> Vec<T> {
    std::iter::from_fn(|| line.next(now)).map(|(item, _)| item).collect()
}

#[test]
fn what_is_looked_at_goes_before_thumbnails_that_came_first() {
    let (mut line, now) = (Line::new(100), Instant::now());
    for _ in 0..50 {
        line.enter(demand(Urgency::THUMBNAIL, 1), "thumbnail", now).unwrap();
    }
    line.enter(demand(Urgency::VISIBLE, 1), "visible", now + Duration::from_secs(1)).unwrap();
    line.enter(demand(Urgency::BACKGROUND, 1), "background", now).unwrap();
    let order = drained(&mut line, now);
    assert_eq!((order[0], order[1], order[51]), ("visible", "thumbnail", "background"));
}

#[test]
fn two_callers_share_evenly_however_much_one_of_them_asks_for() {
    let (mut line, now) = (Line::new(1_000), Instant::now());
    for _ in 0..200 {
        line.enter(demand(Urgency::NORMAL, 1), 1, now).unwrap();
    }
    for _ in 0..5 {
        line.enter(demand(Urgency::NORMAL, 2), 2, now).unwrap();
    }
    let order = drained(&mut line, now);
    assert_eq!(order[..10], [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    assert_eq!(order.len(), 205);
}

#[test]
fn nothing_waits_for_ever_behind_what_is_more_urgent() {
    let (mut line, began) = (Line::new(1_000), Instant::now());
    line.enter(demand(Urgency::BACKGROUND, 1), "background", began).unwrap();
    let mut served_after = 0;
    // Something that is looked at comes each 100 ms, and as often something is served.
    for tick in 1..1_000 {
        let now = began + Duration::from_millis(100) * tick;
        line.enter(demand(Urgency::VISIBLE, u64::from(tick)), "visible", now).unwrap();
        if line.next(now).unwrap().0 == "background" {
            served_after = tick;
            break;
        }
    }
    assert_eq!(Duration::from_millis(100) * served_after, STEP * 6 + Duration::from_millis(100));
}

#[test]
fn who_calls_everything_urgent_is_believed_for_a_few_pictures() {
    let (mut line, now) = (Line::new(1_000), Instant::now());
    for _ in 0..200 {
        line.enter(demand(Urgency::VISIBLE, 1), 1, now).unwrap();
    }
    line.enter(demand(Urgency::NORMAL, 2), 2, now).unwrap();
    let order = drained(&mut line, now);
    assert_eq!(order.iter().position(|caller| *caller == 2), Some(BELIEVED + 1));
}

#[test]
fn in_a_full_line_the_less_urgent_and_the_greedier_give_way() {
    let (mut line, now) = (Line::new(10), Instant::now());
    for number in 0..10 {
        line.enter(demand(Urgency::THUMBNAIL, 1), number, now).unwrap();
    }
    assert!(line.enter(demand(Urgency::THUMBNAIL, 1), 10, now).is_err(), "no better claim than those who wait");
    assert!(line.enter(demand(Urgency::BACKGROUND, 2), 10, now).is_err());
    assert_eq!(line.enter(demand(Urgency::VISIBLE, 1), 10, now).unwrap().1, Some(9), "the latest thumbnail gives way");
    for expected in [Some(8), Some(7), Some(6), Some(5)] {
        assert_eq!(line.enter(demand(Urgency::THUMBNAIL, 2), 20, now).unwrap().1, expected);
    }
    assert!(line.enter(demand(Urgency::THUMBNAIL, 2), 20, now).is_err(), "both have as much waiting");
    assert_eq!(line.len(), 10);
}

#[test]
fn who_waits_however_long_it_takes_neither_gives_way_nor_takes_room() {
    let (mut line, now) = (Line::new(1), Instant::now());
    for number in 0..5 {
        line.join(demand(Urgency::BACKGROUND, 0), number, now);
    }
    line.enter(demand(Urgency::NORMAL, 1), 5, now).unwrap();
    assert_eq!(line.enter(demand(Urgency::VISIBLE, 1), 6, now).unwrap().1, Some(5));
    assert!(line.enter(demand(Urgency::VISIBLE, 1), 7, now).is_err());
    assert_eq!(drained(&mut line, now), [6, 0, 1, 2, 3, 4]);
}

#[test]
fn who_left_is_not_served_and_leaves_room() {
    let (mut line, now) = (Line::new(2), Instant::now());
    let (first, _) = line.enter(demand(Urgency::NORMAL, 1), 1, now).unwrap();
    line.enter(demand(Urgency::NORMAL, 1), 2, now).unwrap();
    assert_eq!(line.leave(first), Some(1));
    assert_eq!(line.leave(first), None);
    line.enter(demand(Urgency::NORMAL, 1), 3, now).unwrap();
    assert_eq!(drained(&mut line, now), [2, 3]);
    assert_eq!(line.len(), 0);
}

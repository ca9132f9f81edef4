//! The slots of the 20 ms: in which of them a new leg has its turn.

use std::time::Duration;

/// A leg's turn comes in one of so many slots of the 20 ms.
pub(super) const SLOTS: usize = 8;
pub(super) const SLOT: Duration = Duration::from_micros(2_500);
/// Every second slot stays empty, and is slept through, until the others have so many legs each: a
/// wake-up costs as much as some ten packets.
const FEW: usize = 32;
/// A slot may have so many legs more than the emptiest one, and one more for each so many of its.
const UNEVEN: usize = 8;

/// The slot that comes next, so that a call is heard at once, unless that one has its share or is to
/// stay empty. `legs` are those that each slot has.
pub(super) fn for_newcomer(legs: [usize; SLOTS], next: usize) -> usize {
    let step = if legs.iter().step_by(2).any(|&legs| legs < FEW) {
        2
    } else {
        1
    };
    let least = legs.iter().step_by(step).min().copied().unwrap_or(0);
    let most = least + least / UNEVEN + UNEVEN;
    (0..SLOTS)
        .map(|ahead| (next + ahead) % SLOTS)
        .filter(|slot| slot.is_multiple_of(step))
        .find(|&slot| legs[slot] <= most)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_slot_is_taken_unless_it_has_its_share_or_is_to_stay_empty() {
        for (legs, next, slot) in [
            ([0; SLOTS], 0, 0),
            ([0; SLOTS], 1, 2),
            ([0; SLOTS], 7, 0),
            ([9, 0, 0, 0, 0, 0, 0, 0], 0, 2),
            ([31, 0, 31, 0, 31, 0, 32, 0], 7, 0),
            // As many as that wake for: all are open, and the empty ones come first.
            ([32, 0, 32, 0, 32, 0, 32, 0], 0, 1),
            ([32, 8, 32, 9, 32, 8, 32, 8], 2, 3),
            ([400; SLOTS], 5, 5),
        ] {
            assert_eq!(for_newcomer(legs, next), slot, "{legs:?}, {next}");
        }
    }

    #[test]
    fn however_legs_come_slots_fill_alike() {
        let mut legs = [0; SLOTS];
        for newcomer in 0..1_000 {
            // The worst that can be: all come before the same slot.
            legs[for_newcomer(legs, 3)] += 1;
            let others = legs.iter().skip(1).step_by(2).sum::<usize>();
            assert!(newcomer >= 4 * FEW || others == 0, "{legs:?}");
        }
        let (least, most) = (legs.iter().min().unwrap(), legs.iter().max().unwrap());
        assert!(most - least <= UNEVEN + least / UNEVEN + 1, "{legs:?}");
    }
}

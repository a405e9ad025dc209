//! Numbers for native objects, so that JavaScript holds a number and no pointer.

use std::ptr;

use crate::prefetch::prefetch;

/// What an object is known by. It is never used again, and small enough for a JavaScript number.
pub type Id = u64;

/// Low bits are the slot, high bits count how often the slot was used: a number that outlived its
/// object finds nothing, not somebody else's object.
const SLOT_BITS: u32 = 22;
/// So many objects of a kind can be kept at once.
pub const MAX_LEN: u32 = 1 << SLOT_BITS;
const SLOT_MASK: Id = (1 << SLOT_BITS) - 1;
/// Integers up to 2^53 are exact in JavaScript. A slot that was used so often is given up: four
/// million slots last for 9 * 10^15 objects.
const MAX_GENERATION: u32 = (1 << (53 - SLOT_BITS)) - 1;

/// Slots are made in pages of so many. So objects never move, and nobody waits until a hundred thousand of them have
/// been moved to make room for one more.
const PAGE: usize = 32;

/// Objects of one kind by number.
#[derive(Debug)]
pub struct Registry<T> {
    pages: Vec<Box<[Slot<T>; PAGE]>>,
    free: Vec<u32>,
    len: usize,
}

#[derive(Debug)]
#[repr(C)]
struct Slot<T> {
    generation: u32,
    item: Option<T>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            free: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Registry<T> {
    /// Keeps `item` and gives it a number; `None` when four million are kept already.
    pub fn insert(&mut self, item: T) -> Option<Id> {
        if self.free.is_empty() {
            self.add_page()?;
        }
        let slot = self.free.pop()?;
        let entry = self.slot_mut(slot)?;
        let generation = entry.generation;
        entry.item = Some(item);
        self.len += 1;
        Some(Id::from(generation) << SLOT_BITS | Id::from(slot))
    }

    fn add_page(&mut self) -> Option<()> {
        let first = u32::try_from(self.pages.len() * PAGE).ok()?;
        if first >= MAX_LEN {
            return None;
        }
        self.pages.push(Box::new(std::array::from_fn(|_| Slot {
            generation: 0,
            item: None,
        })));
        // So that the lowest slot is taken first.
        self.free.extend((first..first + PAGE as u32).rev());
        Some(())
    }

    fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot<T>> {
        let slot = slot as usize;
        Some(&mut self.pages.get_mut(slot / PAGE)?[slot % PAGE])
    }

    /// The object, while it is kept.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let entry = self.slot_mut(Self::slot(id))?;
        if Id::from(entry.generation) == id >> SLOT_BITS {
            entry.item.as_mut()
        } else {
            None
        }
    }

    /// Has the processor fetch the object, which is about to be used.
    pub fn prefetch(&self, id: Id) {
        let slot = Self::slot(id) as usize;
        if let Some(page) = self.pages.get(slot / PAGE) {
            let slot = &page[slot % PAGE];
            prefetch(ptr::from_ref(slot).cast(), size_of_val(slot));
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All objects.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let slots = self.pages.iter_mut().flat_map(|page| page.iter_mut());
        slots.filter_map(|slot| slot.item.as_mut())
    }

    /// The slot of a number, which no other object has at the same time.
    #[must_use]
    pub const fn slot(id: Id) -> u32 {
        (id & SLOT_MASK) as u32
    }

    /// Gives the object back; its number finds nothing from now on.
    pub fn remove(&mut self, id: Id) -> Option<T> {
        self.get_mut(id)?;
        self.len -= 1;
        let slot = Self::slot(id);
        let entry = self.slot_mut(slot)?;
        let item = entry.item.take();
        if entry.generation < MAX_GENERATION {
            entry.generation += 1;
            self.free.push(slot);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outlives_its_object_and_finds_nothing() {
        let mut registry = Registry::default();
        let first = registry.insert('a').unwrap();
        assert_eq!(registry.remove(first), Some('a'));
        let second = registry.insert('b').unwrap();
        assert_eq!(
            Registry::<char>::slot(first),
            Registry::<char>::slot(second)
        );
        assert_eq!(registry.get_mut(first), None);
        assert_eq!(registry.remove(first), None);
        assert_eq!(registry.get_mut(second), Some(&mut 'b'));
    }

    #[test]
    fn a_number_does_not_come_again_after_a_million_uses_of_its_slot() {
        let mut registry = Registry::default();
        let first = registry.insert(0).unwrap();
        registry.remove(first);
        for item in 1..1_000_000 {
            let id = registry.insert(item).unwrap();
            assert_ne!(id, first);
            registry.remove(id);
        }
        assert_eq!(registry.get_mut(first), None);
    }

    #[test]
    fn objects_stay_where_they_are_when_there_are_more() {
        let mut registry = Registry::default();
        let ids: Vec<_> = (0..PAGE).map(|i| registry.insert(i).unwrap()).collect();
        let places: Vec<_> = registry.iter_mut().map(std::ptr::from_mut).collect();
        for i in PAGE..1000 {
            registry.insert(i).unwrap();
        }
        for (i, (id, place)) in ids.into_iter().zip(places).enumerate() {
            let object = registry.get_mut(id).unwrap();
            assert_eq!(*object, i);
            assert_eq!(std::ptr::from_mut(object), place);
        }
        assert_eq!(registry.iter_mut().count(), 1000);
    }

    #[test]
    fn slots_are_used_from_the_first_on_and_again() {
        let mut registry = Registry::default();
        let slots: Vec<_> = (0..3)
            .map(|i| Registry::<i32>::slot(registry.insert(i).unwrap()))
            .collect();
        assert_eq!(slots, [0, 1, 2]);
        let id = registry.insert(3).unwrap();
        registry.remove(id);
        assert_eq!(Registry::<i32>::slot(registry.insert(4).unwrap()), 3);
    }

    #[test]
    fn a_slot_whose_numbers_are_used_up_is_given_up() {
        let mut registry = Registry::default();
        let id = registry.insert('a').unwrap();
        registry.pages[0][0].generation = MAX_GENERATION;
        let last = Id::from(MAX_GENERATION) << SLOT_BITS;
        assert!(last < 1 << 53);
        assert_eq!(registry.get_mut(id), None);
        assert_eq!(registry.remove(last), Some('a'));
        assert_eq!(registry.get_mut(last), None);
        assert_eq!(registry.insert('b').map(Registry::<char>::slot), Some(1));
    }
}

//! Numbers for native objects, so that JavaScript holds an integer and no pointer.

/// Low bits are the place, high bits count how often the place was reused: a number that outlived
/// its object finds nothing, not somebody else's object.
const PLACE_BITS: u32 = 22;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;

/// Objects of one kind by number.
#[derive(Debug)]
pub(crate) struct Registry<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
#[repr(C)]
struct Place<T> {
    generation: u32,
    item: Option<T>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Registry<T> {
    /// Keeps `item` and gives it a number; `None` when four million are kept already.
    pub(crate) fn insert(&mut self, item: T) -> Option<u32> {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let place = u32::try_from(self.places.len()).ok()?;
                if place > PLACE_MASK {
                    return None;
                }
                self.places.push(Place {
                    generation: 0,
                    item: None,
                });
                place
            }
        };
        let entry = &mut self.places[place as usize];
        entry.item = Some(item);
        Some(entry.generation << PLACE_BITS | place)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        let entry = self.places.get_mut((id & PLACE_MASK) as usize)?;
        if entry.generation == id >> PLACE_BITS {
            entry.item.as_mut()
        } else {
            None
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places
            .iter_mut()
            .filter_map(|place| place.item.as_mut())
    }

    /// The place of a number, which no other object has at the same time.
    pub(crate) const fn place(id: u32) -> u32 {
        id & PLACE_MASK
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        self.get_mut(id)?;
        let place = id & PLACE_MASK;
        let entry = &mut self.places[place as usize];
        entry.generation = (entry.generation + 1) & (u32::MAX >> PLACE_BITS);
        self.free.push(place);
        entry.item.take()
    }
}

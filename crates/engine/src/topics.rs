//! Who gets what is published under a name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::registry::Id;

/// A name as JavaScript has it: any UTF-16, halves of pairs included.
pub type Name = Arc<[u16]>;

/// Connections by the names of the topics that they subscribe to.
///
/// Nothing is kept of a topic without subscribers, or of a connection that subscribes to none.
#[derive(Debug, Default)]
pub struct Topics {
    topics: HashMap<Name, Topic>,
    names: HashMap<Id, Vec<Name>>,
}

/// The subscribers of one, in no order.
#[derive(Debug, Default)]
struct Topic {
    members: Vec<Id>,
    /// Where each is in that list.
    places: HashMap<Id, usize>,
}

impl Topics {
    /// Adds a subscriber; returns whether it is a new one.
    pub fn subscribe(&mut self, id: Id, name: &[u16]) -> bool {
        let name = match self.topics.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(name),
        };
        let topic = self.topics.entry(Arc::clone(&name)).or_default();
        let Entry::Vacant(place) = topic.places.entry(id) else {
            return false;
        };
        place.insert(topic.members.len());
        topic.members.push(id);
        self.names.entry(id).or_default().push(name);
        true
    }

    /// Takes a subscriber off one topic; returns whether it was one of its subscribers.
    pub fn unsubscribe(&mut self, id: Id, name: &[u16]) -> bool {
        if !self.remove(id, name) {
            return false;
        }
        if let Some(names) = self.names.get_mut(&id) {
            names.retain(|its| **its != *name);
            if names.is_empty() {
                self.names.remove(&id);
            }
        }
        true
    }

    /// Takes a subscriber off all topics; returns how many these were.
    pub fn leave(&mut self, id: Id) -> usize {
        let names = self.names.remove(&id).unwrap_or_default();
        for name in &names {
            self.remove(id, name);
        }
        names.len()
    }

    /// The subscribers of a topic.
    #[must_use]
    pub fn members(&self, name: &[u16]) -> &[Id] {
        self.topics.get(name).map_or(&[], |topic| &topic.members)
    }

    /// The topics of a subscriber, in the order in which it came to them.
    #[must_use]
    pub fn names_of(&self, id: Id) -> &[Name] {
        self.names.get(&id).map_or(&[], |names| names)
    }

    fn remove(&mut self, id: Id, name: &[u16]) -> bool {
        let Some(topic) = self.topics.get_mut(name) else {
            return false;
        };
        let Some(place) = topic.places.remove(&id) else {
            return false;
        };
        topic.members.swap_remove(place);
        if let Some(moved) = topic.members.get(place) {
            topic.places.insert(*moved, place);
        }
        if topic.members.is_empty() {
            self.topics.remove(name);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn a_name_is_any_utf_16() {
        let mut topics = Topics::default();
        let halves: [&[u16]; 3] = [&[0xd800], &[0xdc00], &[]];
        for (id, half) in halves.into_iter().enumerate() {
            assert!(topics.subscribe(id as Id, half));
        }
        for (id, half) in halves.into_iter().enumerate() {
            assert_eq!(topics.members(half), [id as Id]);
        }
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let mut topics = Topics::default();
        for id in 0..10 {
            for topic in ["a", "b", "c"] {
                assert!(topics.subscribe(id, &name(topic)));
            }
        }
        for id in 0..10 {
            assert!(topics.unsubscribe(id, &name("b")));
            assert_eq!(topics.leave(id), 2);
            assert_eq!(topics.leave(id), 0);
        }
        assert!(topics.topics.is_empty() && topics.names.is_empty());
    }

    proptest! {
        #[test]
        fn each_is_in_the_topics_that_it_has_come_to_and_not_left(
            steps in prop::collection::vec((0..6_u64, 0..4_usize, 0..5_u8), 0..200)
        ) {
            let texts = ["", "room", "room 2", "\u{1f600}"].map(name);
            let mut topics = Topics::default();
            let mut model: BTreeMap<(Id, usize), ()> = BTreeMap::new();
            for (id, topic, what) in steps {
                match what {
                    0..=2 => {
                        let is_new = model.insert((id, topic), ()).is_none();
                        prop_assert_eq!(topics.subscribe(id, &texts[topic]), is_new);
                    }
                    3 => {
                        let was_in = model.remove(&(id, topic)).is_some();
                        prop_assert_eq!(topics.unsubscribe(id, &texts[topic]), was_in);
                    }
                    _ => {
                        let before = model.len();
                        model.retain(|(its, _), ()| *its != id);
                        prop_assert_eq!(topics.leave(id), before - model.len());
                    }
                }
                for (topic, text) in texts.iter().enumerate() {
                    let mut members = topics.members(text).to_vec();
                    members.sort_unstable();
                    let expected: Vec<Id> = (0..6).filter(|id| model.contains_key(&(*id, topic))).collect();
                    prop_assert_eq!(members, expected);
                }
                for id in 0..6 {
                    let expected = (0..4).filter(|topic| model.contains_key(&(id, *topic))).count();
                    prop_assert_eq!(topics.names_of(id).len(), expected);
                }
            }
        }
    }
}

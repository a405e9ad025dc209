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
    names: HashMap<Id, Names>,
}

/// The subscribers of one, in no order.
#[derive(Debug, Default)]
struct Topic {
    members: Vec<Id>,
    places: HashMap<Id, Place>,
}

/// Where a subscription is in the lists.
#[derive(Debug)]
struct Place {
    /// Among the members of its topic.
    member: usize,
    /// Among the names of its subscriber.
    name: usize,
}

/// The topics of a subscriber, in the order in which it came to them.
///
/// One that is left leaves a gap, so that this takes no longer the more there are: a peer may
/// have a program subscribe it to any number.
#[derive(Debug, Default)]
struct Names {
    list: Vec<Option<Name>>,
    gaps: usize,
}

/// So many gaps are no reason to close them.
const FEW_GAPS: usize = 16;

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
        let names = self.names.entry(id).or_default();
        place.insert(Place {
            member: topic.members.len(),
            name: names.list.len(),
        });
        topic.members.push(id);
        names.list.push(Some(name));
        true
    }

    /// Takes a subscriber off one topic; returns whether it was one of its subscribers.
    pub fn unsubscribe(&mut self, id: Id, name: &[u16]) -> bool {
        let Some(place) = self.remove(id, name) else {
            return false;
        };
        let Some(names) = self.names.get_mut(&id) else {
            return true;
        };
        if let Some(gap) = names.list.get_mut(place) {
            *gap = None;
            names.gaps += 1;
        }
        if names.gaps == names.list.len() {
            self.names.remove(&id);
        } else if names.gaps > FEW_GAPS && names.gaps > names.list.len() / 2 {
            self.close_gaps(id);
        }
        true
    }

    /// Takes a subscriber off all topics; returns how many these were.
    pub fn leave(&mut self, id: Id) -> usize {
        let names = self.names.remove(&id).unwrap_or_default();
        for name in names.list.iter().flatten() {
            self.remove(id, name);
        }
        names.list.len() - names.gaps
    }

    /// The subscribers of a topic.
    #[must_use]
    pub fn members(&self, name: &[u16]) -> &[Id] {
        self.topics.get(name).map_or(&[], |topic| &topic.members)
    }

    /// The topics of a subscriber, in the order in which it came to them.
    #[must_use]
    pub fn names_of(&self, id: Id) -> Vec<Name> {
        let names = self.names.get(&id);
        names
            .iter()
            .flat_map(|names| names.list.iter().flatten())
            .cloned()
            .collect()
    }

    /// Takes a subscriber off the members of a topic; returns where its name is among his.
    fn remove(&mut self, id: Id, name: &[u16]) -> Option<usize> {
        let topic = self.topics.get_mut(name)?;
        let place = topic.places.remove(&id)?;
        topic.members.swap_remove(place.member);
        if let Some(moved) = topic.members.get(place.member)
            && let Some(its) = topic.places.get_mut(moved)
        {
            its.member = place.member;
        }
        if topic.members.is_empty() {
            self.topics.remove(name);
        }
        Some(place.name)
    }

    fn close_gaps(&mut self, id: Id) {
        let Some(names) = self.names.get_mut(&id) else {
            return;
        };
        names.list.retain(Option::is_some);
        names.gaps = 0;
        for (index, name) in names.list.iter().flatten().enumerate() {
            if let Some(topic) = self.topics.get_mut(name)
                && let Some(place) = topic.places.get_mut(&id)
            {
                place.name = index;
            }
        }
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

    #[test]
    fn names_keep_their_order_whichever_are_left() {
        let mut topics = Topics::default();
        let mut model: Vec<usize> = (0..500).collect();
        for topic in &model {
            assert!(topics.subscribe(1, &name(&topic.to_string())));
            assert!(topics.subscribe(2, &name(&topic.to_string())));
        }
        for step in 0..2_000_usize {
            let topic = step * 7919 % 500;
            let text = name(&topic.to_string());
            let was_in = model.iter().position(|its| *its == topic);
            if step % 3 == 0 {
                assert_eq!(topics.subscribe(1, &text), was_in.is_none());
                if was_in.is_none() {
                    model.push(topic);
                }
            } else {
                assert_eq!(topics.unsubscribe(1, &text), was_in.is_some());
                if let Some(index) = was_in {
                    model.remove(index);
                }
            }
            let expected: Vec<Vec<u16>> = model.iter().map(|its| name(&its.to_string())).collect();
            let names = topics.names_of(1);
            assert!(
                names
                    .iter()
                    .map(|name| &**name)
                    .eq(expected.iter().map(Vec::as_slice))
            );
        }
        assert_eq!(topics.leave(1), model.len());
        assert_eq!(topics.names_of(2).len(), 500);
    }

    #[test]
    fn gaps_are_closed_before_they_are_most_of_a_list() {
        let mut topics = Topics::default();
        for topic in 0..1_000 {
            topics.subscribe(1, &name(&topic.to_string()));
        }
        for topic in 0..990 {
            topics.unsubscribe(1, &name(&topic.to_string()));
            let names = &topics.names[&1];
            let live = names.list.len() - names.gaps;
            assert_eq!(live, 999 - topic);
            assert!(names.list.len() <= 2 * live + 2 * FEW_GAPS);
        }
        // Who comes and goes makes no list longer and longer.
        for _ in 0..10_000 {
            topics.subscribe(1, &name("room"));
            topics.unsubscribe(1, &name("room"));
        }
        assert!(topics.names[&1].list.len() <= 20 + 2 * FEW_GAPS);
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

//! In which order sockets have their turns: the one in which libuv would tell of them.
//!
//! For libuv the kernel keeps whom it has told of in its list, until it is asked again and there is no news of
//! them: so they come before others whose news came first. The selector's list only has those with news.

/// When there was word of a socket.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// The turn of the loop, ...
    turn: u32,
    /// ... and the place in it.
    place: u32,
}

/// Who was told of last, in which order.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// By descriptor.
    told: Vec<Told>,
    /// The last turn of the loop with news.
    turn: u32,
}

impl Order {
    /// News in the order in which they are to be told. The loop's turns are numbered, also those without news;
    /// `descriptor` says whose news it is.
    pub(super) fn in_turn<N>(
        &mut self,
        turn: u32,
        mut news: Vec<N>,
        descriptor: impl Fn(&N) -> usize,
    ) -> Vec<N> {
        if news.len() > 1 && self.turn.wrapping_add(1) == turn {
            let place = |one: &N| match self.told.get(descriptor(one)) {
                Some(told) if told.turn == self.turn => told.place,
                _ => u32::MAX,
            };
            if !news.is_sorted_by_key(place) {
                news.sort_by_key(place);
            }
        }
        for (one, place) in news.iter().zip(0..) {
            let index = descriptor(one);
            if self.told.len() <= index {
                self.told.resize(index + 1, Told::default());
            }
            self.told[index] = Told { turn, place };
        }
        self.turn = turn;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    fn order(order: &mut Order, turn: u32, news: &[usize]) -> Vec<usize> {
        order.in_turn(turn, news.to_vec(), |one| *one)
    }

    #[test]
    fn news_come_as_they_are_if_nobody_had_a_turn_before() {
        assert_eq!(order(&mut Order::default(), 1, &[3, 1, 2]), [3, 1, 2]);
    }

    #[test]
    fn who_had_a_turn_in_the_last_one_comes_before_the_others_and_in_the_same_order() {
        let mut last = Order::default();
        order(&mut last, 7, &[7, 4, 3]);
        assert_eq!(order(&mut last, 8, &[3, 9, 1, 2, 7]), [7, 3, 9, 1, 2]);
        assert_eq!(order(&mut last, 9, &[4, 2, 1, 3]), [3, 1, 2, 4]);
    }

    #[test]
    fn a_turn_of_the_loop_without_news_makes_it_forget() {
        let mut last = Order::default();
        order(&mut last, 7, &[7, 3]);
        assert_eq!(order(&mut last, 9, &[3, 7]), [3, 7]);
    }

    #[test]
    fn turns_are_counted_on_beyond_the_largest_number() {
        let mut last = Order::default();
        order(&mut last, u32::MAX, &[7, 3]);
        assert_eq!(order(&mut last, 0, &[3, 7]), [7, 3]);
    }
}

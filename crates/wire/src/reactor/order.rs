//! In which order sockets have their turns.

/// Those who left something to read in their last turns first, in their own order: as with libuv, which asks
/// the kernel anew each time. `token` says whose news it is.
pub(super) fn in_turn<N>(
    news: impl Iterator<Item = N>,
    left: &[usize],
    token: impl Fn(&N) -> usize,
) -> impl Iterator<Item = N> {
    let mut news = Some(news);
    let mut sorted = Vec::new();
    if !left.is_empty() {
        let mut places: Vec<_> = left.iter().zip(0_usize..).collect();
        places.sort_unstable();
        let place = |one: &N| {
            let token = token(one);
            let at = places.partition_point(|(left, _)| **left < token);
            let (left, place) = places.get(at)?;
            (**left == token).then_some(*place)
        };
        sorted.extend(news.take().into_iter().flatten());
        sorted.sort_by_key(|one| place(one).unwrap_or(usize::MAX));
    }
    sorted.into_iter().chain(news.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::in_turn;

    fn order(news: &[usize], left: &[usize]) -> Vec<usize> {
        in_turn(news.iter().copied(), left, |one| *one).collect()
    }

    #[test]
    fn news_come_as_they_are_if_nobody_left_anything() {
        assert_eq!(order(&[3, 1, 2], &[]), [3, 1, 2]);
    }

    #[test]
    fn who_left_something_comes_before_the_others_and_in_the_order_of_the_last_turns() {
        assert_eq!(order(&[3, 9, 1, 2, 7], &[7, 3]), [7, 3, 9, 1, 2]);
    }

    #[test]
    fn who_left_something_and_has_no_news_is_passed_over() {
        assert_eq!(order(&[3, 1], &[8, 1, 5]), [1, 3]);
        assert_eq!(order(&[], &[8]), []);
    }
}

use super::*;

const START: Duration = Duration::from_secs(5);

#[test]
fn nothing_waits_once_the_process_exits() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    schedule.begin_turn(true);
    assert_eq!(send(&mut schedule, &mut pace, 0, 9), Moment::WithBatch);
    schedule.set_exits(true);
    for _ in 0..=AT_ONCE {
        assert_eq!(send(&mut schedule, &mut pace, 0, 9), Moment::Now);
    }
    let many = schedule.moment(1, &mut pace, (0, 9), (true, 0), || START);
    assert_eq!(many, Moment::Now);
}

fn send(schedule: &mut Schedule, pace: &mut Pace, before: u64, len: u64) -> Moment {
    schedule.moment(1, pace, (before, len), (false, AT_ONCE), || START)
}

/// The frames of a tick that wait for nothing.
fn send_at_once(schedule: &mut Schedule, pace: &mut Pace) {
    for _ in 0..AT_ONCE {
        assert_eq!(send(schedule, pace, 0, 10), Moment::Now);
    }
}

#[test]
fn the_first_frames_of_a_tick_are_written_at_once() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    send_at_once(&mut schedule, &mut pace);
    assert_eq!(send(&mut schedule, &mut pace, 0, 10), Moment::WithTick);
    assert_eq!(send(&mut schedule, &mut pace, 10, 20), Moment::WithTick);
    assert_eq!(schedule.take_waiting(), [1]);
    schedule.end_tick();
    assert!(schedule.is_first_in_tick(pace));
    assert_eq!(send(&mut schedule, &mut pace, 0, 10), Moment::Now);
    assert!(!schedule.is_first_in_tick(pace));
    assert!(!schedule.has_waiting());
}

/// The moments of frames for many, in one tick.
fn share(schedule: &mut Schedule, pace: &mut Pace, count: u64) -> Vec<Moment> {
    let mut len = 0;
    let moments = (0..count).map(|_| {
        let at_once = schedule.at_once_for_many(pace, len);
        let moment = schedule.moment(1, pace, (len, len + 10), (false, at_once), || START);
        len = if moment == Moment::Now { 0 } else { len + 10 };
        moment
    });
    let moments = moments.collect();
    schedule.end_tick();
    moments
}

#[test]
fn of_frames_for_many_only_the_first_of_a_tick_is_written_at_once() {
    use Moment::{Now, WithTick};
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    assert_eq!(share(&mut schedule, &mut pace, 1), [Now]);
    assert_eq!(share(&mut schedule, &mut pace, 1), [Now]);
    let several = share(&mut schedule, &mut pace, 4);
    assert_eq!(several, [Now, WithTick, WithTick, WithTick]);
}

#[test]
fn where_there_were_several_for_many_they_are_written_together() {
    use Moment::{Now, WithTick};
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    assert_eq!(share(&mut schedule, &mut pace, 2), [Now, WithTick]);
    let again = share(&mut schedule, &mut pace, 2);
    assert_eq!(again, [WithTick, WithTick]);
    assert_eq!(share(&mut schedule, &mut pace, 1), [WithTick]);
    assert_eq!(share(&mut schedule, &mut pace, 1), [Now]);
}

#[test]
fn frames_of_its_own_keep_those_for_many_waiting() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    send(&mut schedule, &mut pace, 0, 10);
    assert_eq!(share(&mut schedule, &mut pace, 1), [Moment::WithTick]);
}

#[test]
fn a_few_kib_do_not_wait() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    send_at_once(&mut schedule, &mut pace);
    assert_eq!(send(&mut schedule, &mut pace, 0, 8191), Moment::WithTick);
    assert_eq!(send(&mut schedule, &mut pace, 8191, 8192), Moment::Now);
}

#[test]
fn the_lone_socket_of_a_batch_is_answered_at_once() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    schedule.begin_turn(false);
    send_at_once(&mut schedule, &mut pace);
    assert_eq!(send(&mut schedule, &mut pace, 0, 10), Moment::WithBatch);
    schedule.end_turn();
    assert_eq!(send(&mut schedule, &mut pace, 10, 20), Moment::Now);
}

#[test]
fn frames_wait_while_other_sockets_or_messages_are_to_come() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    schedule.begin_turn(true);
    assert_eq!(send(&mut schedule, &mut pace, 0, 10), Moment::WithBatch);
    assert_eq!(send(&mut schedule, &mut pace, 10, 16 * 1024), Moment::Now);
    schedule.end_turn();
    assert_eq!(schedule.take_waiting(), [1]);
    schedule.begin_turn(false);
    let more = schedule.moment(2, &mut pace, (0, 10), (true, AT_ONCE), || START);
    assert_eq!(more, Moment::WithBatch);
    let last = schedule.moment(2, &mut pace, (10, 20), (false, AT_ONCE), || START);
    assert_eq!(last, Moment::Now);
    assert_eq!(schedule.take_waiting(), [2]);
}

#[test]
fn what_the_last_socket_of_a_batch_is_sent_goes_behind_what_others_were() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    schedule.begin_turn(true);
    assert_eq!(send(&mut schedule, &mut pace, 0, 10), Moment::WithBatch);
    schedule.end_turn();
    schedule.begin_turn(false);
    for (frames, more) in [((0, 10), true), ((10, 20), false), ((20, 30), false)] {
        let moment = schedule.moment(2, &mut pace, frames, (more, AT_ONCE), || START);
        assert_eq!(moment, Moment::WithBatch);
    }
    // Of the first all is written at once, as nobody follows.
    assert_eq!(send(&mut schedule, &mut pace, 10, 20), Moment::Now);
    assert_eq!(schedule.take_waiting(), [1, 2]);
    let late = schedule.moment(3, &mut pace, (0, 10), (false, AT_ONCE), || START);
    assert_eq!(late, Moment::Now);
}

#[test]
fn in_a_chunk_every_fourth_frame_looks_whether_others_are_overdue() {
    let mut schedule = Schedule::default();
    assert!(schedule.is_to_look(false));
    let looks: Vec<_> = (0..8).map(|_| schedule.is_to_look(true)).collect();
    assert_eq!(looks, [false, false, false, true].repeat(2));
    schedule.note_unlooked(3);
    assert!(schedule.is_to_look(true));
    schedule.note_unlooked(3);
    assert!(schedule.is_to_look(false));
    assert!(!schedule.is_to_look(true));
}

#[test]
fn frames_that_waited_for_100_us_are_overdue_and_in_a_chunk_those_that_waited_for_1_ms() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    let is_overdue = |schedule: &Schedule, in_chunk, micros| {
        schedule.is_overdue(in_chunk, || false, || START + Duration::from_micros(micros))
    };
    send_at_once(&mut schedule, &mut pace);
    send(&mut schedule, &mut pace, 0, 10);
    for (in_chunk, micros) in [(false, 100), (true, 1000)] {
        assert!(!is_overdue(&schedule, in_chunk, micros - 1));
        assert!(is_overdue(&schedule, in_chunk, micros));
    }
    let list = schedule.take_waiting();
    schedule.give_back(list);
    assert!(!is_overdue(&schedule, false, 100));
}

#[test]
fn nobody_looks_at_the_clock_for_frames_that_began_to_wait_just_now_or_for_none() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    let no_clock = || panic!("there is no need to");
    assert!(!schedule.is_overdue(false, || panic!("nothing waits"), no_clock));
    send_at_once(&mut schedule, &mut pace);
    send(&mut schedule, &mut pace, 0, 10);
    assert!(!schedule.is_overdue(false, || true, no_clock));
}

#[test]
fn the_end_of_a_tick_is_asked_for_once_and_that_of_a_turn_never() {
    let mut schedule = Schedule::default();
    assert!(schedule.asks_for_end());
    assert!(!schedule.asks_for_end());
    schedule.end_awaited_tick();
    schedule.begin_turn(false);
    assert!(!schedule.asks_for_end());
    schedule.end_turn();
    assert!(schedule.asks_for_end());
    schedule.end_awaited_tick();
    schedule.await_end();
    assert!(!schedule.asks_for_end());
}

#[test]
fn what_is_sent_apart_is_in_another_tick_unless_the_end_of_this_one_is_awaited() {
    let (mut schedule, mut pace) = (Schedule::default(), Pace::default());
    send(&mut schedule, &mut pace, 0, 10);
    schedule.begin_apart();
    assert!(schedule.is_first_in_tick(pace));
    send(&mut schedule, &mut pace, 0, 10);
    schedule.await_end();
    schedule.begin_apart();
    assert!(!schedule.is_first_in_tick(pace));
    schedule.end_awaited_tick();
    assert!(schedule.is_first_in_tick(pace));
}

#[test]
fn without_a_thread_nothing_goes_past_it_until_the_process_exits() {
    let mut schedule = Schedule::default();
    assert!(schedule.writes_at_once(AtOnce::default(), true));
    assert!(!schedule.writes_at_once(AtOnce::default(), false));
    schedule.begin_turn(false);
    let several = AtOnce::of_turn(true);
    assert!(!schedule.writes_at_once(several, true));
    schedule.set_exits(true);
    for is_threaded in [false, true] {
        assert!(schedule.writes_at_once(several, is_threaded));
    }
}

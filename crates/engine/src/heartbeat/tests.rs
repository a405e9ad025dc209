use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SETTINGS: Settings = Settings {
    interval: ms(1600),
    timeout: ms(320),
    delegates: false,
};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

const fn heard(heard: u64) -> Signs {
    Signs {
        heard,
        blocked: None,
        is_excused: false,
    }
}

/// One connection with a heartbeat, looked at when it wants to be.
struct One {
    beats: Heartbeats,
    now: Duration,
}

impl One {
    fn new() -> Self {
        let mut beats = Heartbeats::default();
        beats.start(0, SETTINGS, 7, heard(0), ms(0));
        Self { beats, now: ms(0) }
    }

    /// What comes of the next look at it, and when.
    fn look(&mut self, signs: Signs) -> (Verdict, u128) {
        self.now = self.now.max(self.beats.next().unwrap());
        assert_eq!(self.beats.poll(self.now), Some(0));
        let verdict = self.beats.look(0, signs, || false, self.now);
        assert_eq!(self.beats.poll(self.now), None);
        (verdict, self.now.as_millis())
    }

    /// As `look`, until there is something to be done.
    fn next(&mut self, signs: Signs) -> (Verdict, u128) {
        loop {
            let (verdict, when) = self.look(signs);
            if verdict != Verdict::Alive {
                return (verdict, when);
            }
        }
    }
}

#[test]
fn a_silent_peer_gets_a_ping_after_the_interval_and_is_dead_after_the_timeout() {
    let mut one = One::new();
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 1600));
    assert_eq!(one.next(heard(0)), (Verdict::Dead, 1920));
    assert_eq!(one.next(heard(0)), (Verdict::Dead, 2240));
}

#[test]
fn a_ping_is_six_bytes_of_its_token_behind_a_header() {
    let mut out = Vec::new();
    encode_ping(0x0102_0304_0506, None, &mut out);
    assert_eq!(out, [0x89, 6, 1, 2, 3, 4, 5, 6]);
    out.clear();
    encode_ping(0x0102_0304_0506, Some([1, 0, 0, 0]), &mut out);
    assert_eq!(out, [0x89, 0x86, 1, 0, 0, 0, 0, 2, 3, 4, 4, 6]);
}

#[test]
fn one_that_rests_can_be_started_again_with_its_terms() {
    let mut one = One::new();
    assert!(one.beats.is_active(0));
    one.beats.rest(0);
    assert!(!one.beats.is_active(0));
    assert_eq!(one.beats.next(), None);
    let (settings, token) = one.beats.terms(0).unwrap();
    assert_eq!((settings, token), (SETTINGS, 7));
    one.beats.start(0, settings, token, heard(0), ms(10_000));
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 11_600));
    one.beats.stop(0);
    assert_eq!(one.beats.terms(0), None);
}

#[test]
fn whatever_comes_is_life() {
    let mut one = One::new();
    for step in 1..10 {
        let when = u128::from(400 * step);
        assert_eq!(one.look(heard(step)), (Verdict::Alive, when));
    }
    // It was heard before 3600.
    assert_eq!(one.next(heard(9)), (Verdict::Ping(7), 3600 + 1600));
    assert_eq!(one.look(heard(10)), (Verdict::Alive, 5520));
    assert_eq!(one.next(heard(10)), (Verdict::Ping(7), 5600 + 1600));
}

#[test]
fn an_answer_begins_the_next_interval() {
    let mut one = One::new();
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 1600));
    let bytes = token_bytes(7);
    assert!(!one.beats.is_answer(0, &bytes[1..], 1, || ms(1601)));
    assert!(!one.beats.is_answer(0, &[0; TOKEN_LEN], 1, || ms(1601)));
    assert!(!one.beats.is_answer(1, &bytes, 1, || ms(1601)));
    assert!(one.beats.is_answer(0, &bytes, 1, || ms(1601)));
    // Nobody has to look where its time would have been over.
    one.now = ms(1920);
    assert_eq!(one.beats.poll(one.now), None);
    assert_eq!(one.next(heard(1)), (Verdict::Ping(7), 3300));
}

#[test]
fn who_is_looked_after_no_more_is_asked_nothing_and_its_late_answer_is_known() {
    let mut one = One::new();
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 1600));
    one.beats.rest(0);
    one.beats.rest(0);
    one.beats.excuse(0, ms(1601));
    assert_eq!(one.beats.next(), None);
    assert_eq!(one.beats.poll(ms(1_000_000)), None);
    assert_eq!(
        one.beats.look(0, heard(1), || false, ms(1602)),
        Verdict::Alive
    );
    assert!(one.beats.is_answer(0, &token_bytes(7), 1, || ms(1602)));
    assert_eq!(one.beats.next(), None);
    // Others begin as the first one did.
    one.beats.start(1, SETTINGS, 8, heard(0), ms(1700));
    assert!(one.beats.news().is_some());
    one.beats.stop(0);
    assert!(!one.beats.is_answer(0, &token_bytes(7), 1, || ms(1703)));
    assert!(one.beats.next().is_some());
}

#[test]
fn who_has_the_slot_of_one_that_is_gone_takes_its_place() {
    let mut beats = Heartbeats::default();
    let next_in_slot = 1 << 22;
    beats.start(0, SETTINGS, 7, heard(0), ms(0));
    beats.start(next_in_slot, SETTINGS, 8, heard(0), ms(0));
    assert!(!beats.is_answer(0, &token_bytes(7), 0, || ms(0)));
    assert!(beats.is_answer(next_in_slot, &token_bytes(8), 0, || ms(0)));
    beats.stop(next_in_slot);
    assert_eq!(beats.next(), None);
}

#[test]
fn a_token_has_six_bytes() {
    let mut beats = Heartbeats::default();
    beats.start(0, SETTINGS, u64::MAX, heard(0), ms(0));
    assert!(beats.is_answer(0, &[0xff; 6], 0, || ms(0)));
    assert_eq!(token_bytes(0x0102_0304_0506), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_peer_that_reads_slowly_lives_and_one_that_does_not_read_is_dead() {
    let blocked = |taken| Signs {
        blocked: Some(taken),
        ..heard(0)
    };
    let mut one = One::new();
    // That it becomes blocked says nothing of the peer.
    assert_eq!(one.next(blocked(10)), (Verdict::Ping(7), 1600));
    assert_eq!(one.look(blocked(11)), (Verdict::Alive, 1920));
    assert_eq!(one.look(heard(0)), (Verdict::Alive, 2400));
    assert_eq!(one.next(blocked(20)), (Verdict::Ping(7), 4000));
    assert_eq!(one.next(blocked(20)), (Verdict::Dead, 4320));
}

#[test]
fn nobody_is_dead_of_whom_something_waits_to_be_read() {
    let mut one = One::new();
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 1600));
    assert_eq!(one.beats.poll(ms(1920)), Some(0));
    let verdict = one.beats.look(0, heard(0), || true, ms(1920));
    assert_eq!(verdict, Verdict::Alive);
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 1920 + 1600 + 80));
}

#[test]
fn nobody_is_asked_or_dead_while_nobody_listens() {
    let excused = Signs {
        is_excused: true,
        ..heard(0)
    };
    let mut one = One::new();
    for _ in 0..20 {
        assert_eq!(one.look(excused).0, Verdict::Alive);
    }
    one.now += ms(5000);
    assert_eq!(one.next(heard(0)).0, Verdict::Ping(7));
    assert_eq!(one.look(excused).0, Verdict::Alive);
}

#[test]
fn pings_are_the_program_s_to_make_if_it_wants_that() {
    let mut one = One::new();
    let settings = Settings {
        delegates: true,
        ..SETTINGS
    };
    one.beats.start(0, settings, 8, heard(0), ms(0));
    assert_eq!(one.next(heard(0)), (Verdict::Delegate(8), 1600));
    assert_eq!(one.next(heard(0)), (Verdict::Dead, 1920));
}

#[test]
fn who_is_excused_has_the_whole_interval_again() {
    let mut one = One::new();
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 1600));
    one.beats.excuse(0, ms(1700));
    // Nobody looks before.
    assert_eq!(one.beats.poll(ms(1920)), None);
    assert_eq!(one.next(heard(0)), (Verdict::Ping(7), 3300));
}

#[test]
fn the_caller_is_told_only_of_what_is_earlier() {
    let mut beats = Heartbeats::default();
    assert_eq!(beats.news(), None);
    beats.start(0, SETTINGS, 0, heard(0), ms(0));
    assert_eq!(beats.news(), Some(ms(400)));
    beats.start(1, SETTINGS, 0, heard(0), ms(0));
    assert_eq!(beats.news(), None);
    let short = Settings {
        interval: ms(160),
        ..SETTINGS
    };
    beats.start(2, short, 0, heard(0), ms(0));
    assert_eq!(beats.news(), Some(ms(40)));
    for id in [0, 1, 2] {
        beats.stop(id);
    }
    assert_eq!(beats.tell(), None);
    beats.start(0, SETTINGS, 0, heard(0), ms(0));
    assert_eq!(beats.news(), Some(ms(400)));
}

#[test]
fn intervals_below_a_millisecond_and_of_years_are_no_trouble() {
    for interval in [Duration::from_nanos(1), Duration::MAX] {
        let mut beats = Heartbeats::default();
        let settings = Settings {
            interval,
            timeout: interval,
            delegates: false,
        };
        beats.start(0, settings, 0, heard(0), ms(5));
        let next = beats.next().unwrap();
        assert!(next >= ms(5));
        assert_eq!(beats.poll(next), Some(0));
        beats.look(0, heard(0), || false, next);
        assert!(beats.next().unwrap() > next);
    }
}

#[test]
fn connections_that_begin_together_or_by_and_by_share_moments() {
    let mut beats = Heartbeats::default();
    for id in 0..1000 {
        beats.start(id, SETTINGS, 0, heard(0), ms(id));
    }
    let mut moments = 0;
    let mut now = ms(0);
    while now < ms(1000 + 1600) {
        now = beats.next().unwrap();
        moments += u32::from(now > ms(1000));
        while let Some(id) = beats.poll(now) {
            beats.look(id, heard(now.as_millis() as u64), || false, now);
        }
    }
    assert!(moments <= 17, "{moments}");
}

/// What the model knows of a connection.
struct Model {
    signs: Signs,
    heard_at: Duration,
    pinged_at: Option<Duration>,
}

#[derive(Debug, Clone)]
enum Step {
    Start(Id, u64, u64),
    Stop(Id),
    Rest(Id),
    Hear(Id),
    Answer(Id),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..5_u64;
    prop_oneof![
        (id.clone(), 1..200_u64, 1..200_u64).prop_map(|(id, a, b)| Step::Start(id, a, b)),
        id.clone().prop_map(Step::Stop),
        id.clone().prop_map(Step::Rest),
        id.clone().prop_map(Step::Hear),
        id.prop_map(Step::Answer),
        (1..150_u64).prop_map(Step::Wait),
        (1..20_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    /// However connections come, go and are heard: a ping goes out when nothing came for an interval
    /// and soon after it, and dead is who was asked, in time, and not heard.
    #[test]
    fn pings_and_deaths_come_when_they_should(steps in prop::collection::vec(step(), 0..200)) {
        let mut beats = Heartbeats::default();
        let mut model: BTreeMap<Id, (Model, Settings)> = BTreeMap::new();
        let mut resting = std::collections::BTreeSet::new();
        let mut now = ms(1);
        for step in steps {
            match step {
                Step::Start(id, interval, timeout) => {
                    let settings = Settings { interval: ms(interval), timeout: ms(timeout), ..SETTINGS };
                    beats.start(id, settings, id, heard(0), now);
                    let one = Model { signs: heard(0), heard_at: now, pinged_at: None };
                    model.insert(id, (one, settings));
                    resting.remove(&id);
                }
                Step::Stop(id) => {
                    beats.stop(id);
                    resting.remove(&id);
                    model.remove(&id);
                }
                Step::Rest(id) => {
                    beats.rest(id);
                    if model.remove(&id).is_some() {
                        resting.insert(id);
                    }
                }
                Step::Hear(id) => if let Some((one, _)) = model.get_mut(&id) {
                    one.signs.heard += 1;
                    one.heard_at = now;
                    one.pinged_at = None;
                },
                Step::Answer(id) => {
                    let its = model.get_mut(&id).map(|(one, _)| {
                        one.signs.heard += 1;
                        one.heard_at = now;
                        one.pinged_at = None;
                        one.signs.heard
                    });
                    let taken = beats.is_answer(id, &token_bytes(id), its.unwrap_or(0), || now);
                    prop_assert_eq!(taken, its.is_some() || resting.contains(&id));
                }
                Step::Wait(time) => {
                    let end = now + ms(time);
                    while let Some(next) = beats.next().filter(|next| *next <= end) {
                        now = now.max(next);
                        let mut turns = 0;
                        while let Some(id) = beats.poll(now) {
                            turns += 1;
                            prop_assert!(turns <= 5, "each at most once at a time");
                            let (one, settings) = model.get_mut(&id).expect("it is there");
                            let silence = now - one.heard_at;
                            match beats.look(id, one.signs, || false, now) {
                                Verdict::Alive => {}
                                Verdict::Delegate(_) => prop_assert!(false, "nobody wants it"),
                                Verdict::Ping(token) => {
                                    prop_assert_eq!(token, id);
                                    prop_assert!(one.pinged_at.is_none());
                                    prop_assert!(silence >= settings.interval);
                                    one.pinged_at = Some(now);
                                }
                                Verdict::Dead => {
                                    let waited = now - one.pinged_at.expect("it was asked");
                                    prop_assert!(waited >= settings.timeout);
                                    prop_assert!(waited <= late(settings.timeout, 1));
                                    beats.stop(id);
                                    model.remove(&id);
                                }
                            }
                        }
                    }
                    now = end;
                    for (one, settings) in model.values() {
                        let longest = late(settings.interval + settings.interval / 4, 3);
                        prop_assert!(one.pinged_at.is_some() || now - one.heard_at <= longest);
                    }
                }
            }
            prop_assert_eq!(beats.next().is_some(), !model.is_empty());
        }
    }
}

/// So much, and so many moments more.
fn late(time: Duration, moments: u32) -> Duration {
    time + moments * (time / MOMENTS as u32).max(ms(1))
}

use super::*;

#[test]
fn the_owner_hears_of_news_once() {
    let pipe = Pipe::new();
    assert!(pipe.tell(READ));
    assert!(!pipe.tell(END));
    assert_eq!(pipe.take_news(), READ | END);
    assert!(pipe.tell(READ));
}

#[test]
fn who_reads_for_a_slow_owner_waits() {
    let pipe = Pipe::new();
    assert_eq!(pipe.room(), CREDIT);
    assert_eq!(pipe.put_in(&vec![1; CREDIT]), CREDIT);
    assert_eq!(pipe.room(), 0);
    let mut bytes = Vec::new();
    assert_eq!(pipe.take_in(&mut bytes), (None, true));
    assert_eq!(bytes.len(), CREDIT);
    assert_eq!(pipe.take_in(&mut bytes), (None, false));
    assert_eq!(pipe.room(), CREDIT);
}

#[test]
fn the_first_end_counts() {
    let pipe = Pipe::new();
    pipe.put_in(b"a");
    pipe.end(End::Failed(104));
    pipe.end(End::Broken);
    assert_eq!(pipe.waiting(), (1, true));
    let mut bytes = Vec::new();
    assert_eq!(pipe.take_in(&mut bytes), (Some(End::Failed(104)), false));
    assert_eq!(bytes, b"a");
}

#[test]
fn an_owner_that_sends_too_fast_waits_and_hears_of_room() {
    let pipe = Pipe::new();
    let all = vec![1; CREDIT];
    assert_eq!(pipe.put_out(&[&all, b"b"]), Put::Bytes(CREDIT, true));
    assert_eq!(pipe.put_out(&[b"b"]), Put::Full);
    assert!(!pipe.want_room(true));
    let mut bytes = Vec::new();
    pipe.take_out(&mut bytes);
    assert!(!pipe.written(Progress::of(10)));
    assert!(pipe.written(Progress::of(CREDIT / 2)));
    assert!(!pipe.written(Progress::of(10)));
    assert!(pipe.want_room(true));
    assert!(!pipe.want_room(false));
    assert_eq!(pipe.put_out(&[b"b"]), Put::Bytes(1, false));
}

#[test]
fn a_full_kernel_is_known_to_the_owner() {
    let pipe = Pipe::new();
    assert!(!pipe.set_full(true));
    assert!(!pipe.set_full(false));
    assert_eq!(pipe.put_out(&[b"ab"]), Put::Bytes(2, true));
    assert!(pipe.set_full(true));
    assert!(!pipe.set_full(true));
    assert!(pipe.is_blocked());
    assert_eq!(pipe.put_out(&[b"c"]), Put::Full);
    assert!(!pipe.want_room(true));
    assert_eq!(pipe.take_back(Vec::new()), b"ab");
    assert!(!pipe.is_blocked());
    assert_eq!(pipe.put_out(&[b"c"]), Put::Full);
    assert!(pipe.set_full(false));
    assert!(!pipe.set_full(false));
    assert_eq!(pipe.put_out(&[b"c"]), Put::Bytes(1, true));
}

#[test]
fn the_io_thread_is_told_again_when_it_has_found_nothing() {
    let pipe = Pipe::new();
    let mut bytes = Vec::new();
    assert_eq!(pipe.put_out(&[b"a"]), Put::Bytes(1, true));
    assert_eq!(pipe.put_out(&[b"b"]), Put::Bytes(1, false));
    pipe.take_out(&mut bytes);
    assert_eq!(bytes, b"ab");
    assert_eq!(pipe.put_out(&[b"c"]), Put::Bytes(1, false));
    pipe.take_out(&mut bytes);
    assert_eq!(bytes, b"c");
    pipe.take_out(&mut bytes);
    assert_eq!(pipe.put_out(&[b"d"]), Put::Bytes(1, true));
}

#[test]
fn what_was_not_written_is_taken_back_in_its_order() {
    let pipe = Pipe::new();
    let mut bytes = Vec::new();
    assert_eq!(pipe.put_out(&[b"abc"]), Put::Bytes(3, true));
    pipe.take_out(&mut bytes);
    assert_eq!(pipe.put_out(&[b"de"]), Put::Bytes(2, false));
    assert!(!pipe.want_word());
    assert!(pipe.written(Progress::of(1)));
    assert_eq!(pipe.under_way(), (4, None));
    assert_eq!(pipe.take_back(b"bc".to_vec()), b"bcde");
    assert_eq!(pipe.under_way(), (0, None));
    assert!(pipe.want_word());
}

#[test]
fn a_socket_that_failed_takes_nothing() {
    let pipe = Pipe::new();
    assert_eq!(pipe.put_out(&[b"abc"]), Put::Bytes(3, true));
    pipe.fail(32);
    assert_eq!(pipe.put_out(&[b"d"]), Put::Failed(32));
    assert_eq!(pipe.under_way(), (3, Some(32)));
    assert!(pipe.want_room(true));
    assert!(pipe.want_word());
}

/// Under ThreadSanitizer it is this test that has two threads: `npm run test:tsan`.
#[cfg(not(loom))]
#[test]
fn bytes_pass_between_two_threads_in_both_directions_in_their_order() {
    const ALL: usize = 4 * CREDIT;
    let pipe = Pipe::new();
    let bytes: Vec<u8> = (0..ALL).map(|i| (i % 251) as u8).collect();
    let (mut read, mut written) = (Vec::new(), Vec::new());

    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut put = 0;
            while put < ALL || written.len() < ALL {
                let most = (put + 1000).min(ALL).min(put + pipe.room());
                if most > put {
                    pipe.put_in(&bytes[put..most]);
                    put = most;
                    let _ = pipe.tell(READ);
                }
                let mut some = Vec::new();
                pipe.take_out(&mut some);
                let _ = pipe.written(Progress::of(some.len()));
                written.append(&mut some);
                std::thread::yield_now();
            }
            pipe.end(End::Peer);
        });

        let mut put = 0;
        let mut end = None;
        while end.is_none() {
            if put < ALL
                && let Put::Bytes(more, _) = pipe.put_out(&[&bytes[put..(put + 1000).min(ALL)]])
            {
                put += more;
            }
            let _ = pipe.take_news();
            let mut some = Vec::new();
            (end, _) = pipe.take_in(&mut some);
            read.append(&mut some);
            std::thread::yield_now();
        }
    });
    assert!(read == bytes);
    assert!(written == bytes);
}

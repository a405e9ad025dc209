use super::*;

const KIB: usize = 1024;

fn after_message(len: usize) -> Inbox {
    let mut inbox = Inbox::new(false, false);
    inbox.decoded(len + 6, 0, Some(len));
    inbox
}

#[test]
fn short_messages_are_read_into_the_scratch() {
    assert_eq!(Inbox::new(false, false).target(), Target::Scratch(64 * KIB));
    assert_eq!(
        after_message(16 * KIB - 1).target(),
        Target::Scratch(64 * KIB)
    );
}

#[test]
fn a_message_that_is_to_be_long_gets_a_buffer_with_room_to_see_that_it_was_all() {
    for len in [16 * KIB, 65_536, 512 * KIB] {
        assert_eq!(after_message(len).target(), Target::Own(len + 15));
    }
}

#[test]
fn only_the_beginning_of_a_very_long_message_is_copied() {
    assert_eq!(
        after_message(512 * KIB + 1).target(),
        Target::Scratch(16 * KIB)
    );
}

#[test]
fn the_rest_of_a_frame_tells_how_long_its_message_is() {
    let mut inbox = Inbox::new(false, false);
    inbox.decoded(16 * KIB, 48 * KIB as u64, Some(5));
    assert_eq!(inbox.target(), Target::Own(64 * KIB + 15));
    inbox.decoded(1, u64::MAX, None);
    assert_eq!(inbox.target(), Target::Scratch(16 * KIB));
}

#[test]
fn a_chunk_without_a_message_changes_nothing() {
    let mut inbox = after_message(64 * KIB);
    inbox.decoded(2, 0, None);
    assert_eq!(inbox.target(), Target::Own(64 * KIB + 15));
}

#[test]
fn what_is_not_decoded_goes_to_the_scratch() {
    let mut inbox = after_message(512 * KIB + 1);
    inbox.set_decoder(Decoder::Busy);
    assert_eq!(inbox.target(), Target::Scratch(64 * KIB));
    let mut inbox = after_message(64 * KIB);
    inbox.set_decoder(Decoder::Busy);
    assert_eq!(inbox.mode(), Mode::Queue);
    assert_eq!(inbox.target(), Target::Scratch(64 * KIB));
    inbox.set_paused(true);
    assert_eq!(inbox.mode(), Mode::Paused);
    assert_eq!(inbox.target(), Target::Scratch(64 * KIB));
    inbox.set_paused(false);
    inbox.set_decoder(Decoder::Free);
    assert_eq!(inbox.mode(), Mode::Decode);
}

#[test]
fn what_comes_is_the_readers_whatever_the_decoder_does() {
    let mut inbox = Inbox::for_handshake();
    assert_eq!(inbox.mode(), Mode::Leave);
    inbox.set_decoder(Decoder::Busy);
    inbox.set_paused(true);
    for (reader, mode) in [
        (Reader::Connection, Mode::Paused),
        (Reader::Stream, Mode::Stream),
        (Reader::Nobody, Mode::Leave),
    ] {
        inbox.set_reader(reader);
        assert_eq!(inbox.reader(), reader);
        assert_eq!(inbox.mode(), mode);
    }
}

#[test]
fn of_what_was_left_there_is_word_once_the_decoder_is_through_or_is_not_waited_for() {
    for decoder in [Decoder::Free, Decoder::BusyForGood] {
        let mut inbox = Inbox::new(false, false);
        inbox.set_decoder(Decoder::Busy);
        inbox.leave();
        assert!(!inbox.set_decoder(Decoder::Busy));
        assert!(inbox.set_decoder(decoder));
        assert!(!inbox.set_decoder(decoder));
    }
}

#[test]
fn a_short_read_was_the_last() {
    let inbox = Inbox::new(false, false);
    assert_eq!(inbox.after(9, 10, false, false), Next::Wait);
    assert_eq!(inbox.after(10, 10, false, false), Next::Again);
}

#[test]
fn what_would_be_read_again_is_left_to_another_turn() {
    assert_eq!(Next::Again.in_another_turn(), Next::Rearm);
    assert_eq!(Next::Wait.in_another_turn(), Next::Wait);
}

#[test]
fn a_short_read_of_a_unix_socket_is_enough_if_there_will_be_word_of_more() {
    let inbox = Inbox::new(false, true);
    assert_eq!(inbox.after(9, 10, false, true), Next::Wait);
    assert_eq!(inbox.after(9, 10, true, true), Next::Again);
}

#[test]
fn a_short_read_was_not_the_last_before_an_end_and_on_unix_sockets() {
    assert_eq!(
        Inbox::new(false, false).after(9, 10, true, false),
        Next::Again
    );
    assert_eq!(
        Inbox::new(false, true).after(9, 10, false, false),
        Next::Again
    );
}

#[test]
fn a_paused_connection_is_read_once_a_turn() {
    let mut inbox = Inbox::new(false, false);
    inbox.set_paused(true);
    assert_eq!(inbox.after(10, 10, false, false), Next::Rearm);
    assert_eq!(inbox.after(9, 10, false, false), Next::Wait);
}

#[test]
fn one_event_a_macrotask_comes_before_the_end_of_the_stream() {
    let inbox = Inbox::new(true, false);
    assert_eq!(inbox.after(9, 10, true, false), Next::Rearm);
    assert_eq!(inbox.after(9, 10, false, false), Next::Wait);
}

#[test]
fn a_slice_of_libuv_ends_64_kib_behind_the_first_read_since_nothing_was_left() {
    let mut inbox = Inbox::new(false, false);
    assert_eq!(inbox.rest_of_slice(), 0);
    inbox.was_read(SCRATCH, SCRATCH);
    assert_eq!(inbox.rest_of_slice(), 0);
    inbox.was_read(10 * KIB, 10 * KIB);
    assert_eq!(inbox.rest_of_slice(), 54 * KIB);
    inbox.was_read(300 * KIB, 300 * KIB);
    assert_eq!(inbox.rest_of_slice(), 10 * KIB);
    inbox.was_read(9, 10);
    assert_eq!(inbox.rest_of_slice(), 0);
}

#[test]
fn what_fills_a_slice_of_libuv_leaves_no_room_in_it() {
    let mut inbox = Inbox::new(false, false);
    assert!(!inbox.is_partial(SCRATCH, false));
    assert!(inbox.is_partial(SCRATCH, true));
    assert!(inbox.is_partial(20 * KIB, false));
    inbox.was_read(20 * KIB, 20 * KIB);
    assert!(!inbox.is_partial(44 * KIB, false));
    assert!(inbox.is_partial(45 * KIB, false));
    inbox.was_empty();
    assert!(inbox.is_partial(44 * KIB, false));
}

#[test]
fn a_message_of_any_length_fits_into_the_buffer_that_it_gets() {
    for len in [16 * KIB + 1, 16 * KIB + 15, 70_001, 512 * KIB - 1] {
        let Target::Own(room) = after_message(len).target() else {
            panic!("{len} bytes get no buffer");
        };
        assert!((len + 15..len + 31).contains(&room));
    }
}

#[test]
fn a_buffer_fits_that_is_a_quarter_too_long() {
    assert!(fits(100, 100));
    assert!(fits(125, 100));
    assert!(!fits(126, 100));
    assert!(!fits(99, 100));
}

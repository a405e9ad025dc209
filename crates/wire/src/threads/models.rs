//! What is between threads, in all orders that there can be: `npm run test:loom`.

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::mailbox::Mailbox;
use super::pipe::{END, End, Pipe, Put, READ, WRITE};
use super::sync::Alarm;
use super::writing::Progress;

mod mailbox {
    use super::*;

    /// Two that post, and wake the reader if they are told to.
    fn writers(mailbox: &Arc<Mailbox<u8>>, alarm: &Arc<Alarm>) -> Vec<JoinHandle<()>> {
        let spawn = |item| {
            let (mailbox, alarm) = (Arc::clone(mailbox), Arc::clone(alarm));
            thread::spawn(move || {
                if mailbox.post(item) {
                    alarm.ring();
                }
            })
        };
        (0..2).map(spawn).collect()
    }

    #[test]
    fn nothing_is_left_with_a_reader_that_sleeps() {
        loom::model(|| {
            let (mailbox, alarm) = (Arc::new(Mailbox::new()), Alarm::new());
            let writers = writers(&mailbox, &alarm);
            let mut seen = Vec::new();
            while seen.len() < 2 {
                if mailbox.sleep() {
                    alarm.wait();
                    mailbox.wake_up();
                }
                mailbox.take(&mut seen);
            }
            for writer in writers {
                writer.join().unwrap();
            }
            seen.sort_unstable();
            assert_eq!(seen, [0, 1]);
        });
    }

    /// An event loop looks only when it is woken.
    #[test]
    fn who_takes_and_sleeps_at_once_is_woken_for_what_comes_then() {
        loom::model(|| {
            let (mailbox, alarm) = (Arc::new(Mailbox::new()), Alarm::new());
            let writers = writers(&mailbox, &alarm);
            let mut seen = Vec::new();
            while seen.len() < 2 {
                alarm.wait();
                mailbox.take_and_sleep(&mut seen);
            }
            for writer in writers {
                writer.join().unwrap();
            }
        });
    }
}

mod pipe {
    use super::*;

    #[test]
    fn no_byte_from_the_peer_stays_behind() {
        loom::model(|| {
            let pipe = Arc::new(Pipe::new());
            let owner = Alarm::new();
            let io = {
                let (pipe, owner) = (Arc::clone(&pipe), Arc::clone(&owner));
                thread::spawn(move || {
                    for byte in [1, 2] {
                        pipe.put_in(&[byte]);
                        if pipe.tell(READ) {
                            owner.ring();
                        }
                    }
                    pipe.end(End::Peer);
                    if pipe.tell(READ | END) {
                        owner.ring();
                    }
                })
            };
            let mut all = Vec::new();
            loop {
                owner.wait();
                let _ = pipe.take_news();
                let mut bytes = Vec::new();
                let (end, _) = pipe.take_in(&mut bytes);
                all.append(&mut bytes);
                if end.is_some() {
                    break;
                }
            }
            io.join().unwrap();
            assert_eq!(all, [1, 2]);
        });
    }

    #[test]
    fn no_byte_to_the_peer_stays_behind() {
        loom::model(|| {
            let pipe = Arc::new(Pipe::new());
            let writer = Alarm::new();
            let sender = {
                let (pipe, writer) = (Arc::clone(&pipe), Arc::clone(&writer));
                thread::spawn(move || {
                    for byte in [1u8, 2] {
                        if let Put::Bytes(_, true) = pipe.put_out(&[&[byte]]) {
                            writer.ring();
                        }
                    }
                })
            };
            let mut all = Vec::new();
            while all.len() < 2 {
                let mut bytes = Vec::new();
                pipe.take_out(&mut bytes);
                if bytes.is_empty() {
                    writer.wait();
                }
                let _ = pipe.written(Progress::of(bytes.len()));
                all.append(&mut bytes);
            }
            sender.join().unwrap();
            assert_eq!(all, [1, 2]);
            assert_eq!(pipe.under_way(), (0, None));
        });
    }

    /// The owner asks for word of what was written, while it is being written.
    #[test]
    fn the_owner_hears_of_the_last_byte() {
        loom::model(|| {
            let pipe = Arc::new(Pipe::new());
            assert_eq!(pipe.put_out(&[b"ab"]), Put::Bytes(2, true));
            let owner = Alarm::new();
            let io = {
                let (pipe, owner) = (Arc::clone(&pipe), Arc::clone(&owner));
                thread::spawn(move || {
                    let mut bytes = Vec::new();
                    pipe.take_out(&mut bytes);
                    for _ in bytes {
                        if pipe.written(Progress::of(1)) && pipe.tell(WRITE) {
                            owner.ring();
                        }
                    }
                })
            };
            while !pipe.want_word() {
                owner.wait();
                let _ = pipe.take_news();
            }
            io.join().unwrap();
        });
    }
}

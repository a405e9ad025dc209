//! An I/O thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Registry, Token, Waker};

use super::line::Line;
use super::mailbox::Mailbox;
use super::pulse::{NewPulses, Pulses};
use super::ready::Ready;

/// Sockets that have news for the owner before it is woken for them.
const BATCH: usize = 64;
/// Sockets of which the selector tells at once.
const EVENTS: usize = 256;
/// Sockets whose peers are looked at before events have their turn.
const LOOKS: usize = 256;
/// What sockets are read into. It stays in the processor's cache.
const SCRATCH: usize = 64 * 1024;
/// Not an index.
const WAKER: Token = Token(usize::MAX);

/// What the owner wants of the thread.
#[derive(Debug)]
enum Command {
    Add(Arc<Line>),
    Attend(Arc<Line>),
    Watch(Arc<Line>, NewPulses),
    Forget(Arc<Line>),
    Stop,
}

/// How the owner reaches the thread.
#[derive(Debug)]
pub(super) struct Desk {
    commands: Mailbox<Command>,
    waker: Waker,
    registry: Registry,
}

impl Desk {
    pub(super) fn add(&self, line: Arc<Line>) {
        self.post(Command::Add(line));
    }

    /// There is something to write, or room for what is to be read.
    pub(super) fn attend(&self, line: Arc<Line>) {
        self.post(Command::Attend(line));
    }

    /// The peer is to be asked whether it lives.
    pub(super) fn watch(&self, line: Arc<Line>, pulses: NewPulses) {
        self.post(Command::Watch(line, pulses));
    }

    /// The socket was taken away.
    pub(super) fn forget(&self, line: Arc<Line>) {
        self.commands.leave(Command::Forget(line));
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }

    fn post(&self, command: Command) {
        if self.commands.post(command) {
            // It fails if it is full, and wakes the thread then all the same.
            let _ = self.waker.wake();
        }
    }
}

/// A running thread. It ends when this is dropped, and with its last socket behind it.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// # Errors
    /// The system has no room for one more selector, or thread.
    pub(super) fn start(ready: Arc<Ready>) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let desk = Arc::new(Desk {
            commands: Mailbox::new(),
            waker: Waker::new(poll.registry(), WAKER)?,
            registry: poll.registry().try_clone()?,
        });
        let mut state = State {
            desk: Arc::clone(&desk),
            ready,
            poll,
            lines: Vec::new(),
            free: Vec::new(),
            scratch: vec![0; SCRATCH],
            commands: Vec::new(),
            told: 0,
            rings: false,
            pulses: None,
        };
        let thread = std::thread::Builder::new()
            .name("ws-rs-io".into())
            .spawn(move || state.run())?;
        Ok(Self {
            desk,
            thread: Some(thread),
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.desk.post(Command::Stop);
        if let Some(thread) = self.thread.take() {
            // It catches its panics.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct State {
    desk: Arc<Desk>,
    ready: Arc<Ready>,
    poll: mio::Poll,
    /// By the numbers that the selector knows them by.
    lines: Vec<Option<Arc<Line>>>,
    free: Vec<usize>,
    scratch: Vec<u8>,
    /// Those that are to be done, the next one last.
    commands: Vec<Command>,
    /// How many the owner was told of since it was last woken.
    told: usize,
    /// Whether it is to be woken for them.
    rings: bool,
    /// Whose peers it looks after, from the first one on.
    pulses: Option<Box<dyn Pulses>>,
}

impl State {
    /// A panic ends the connections that the thread has, and it begins anew, with none.
    fn run(&mut self) {
        while catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            self.free.clear();
            self.pulses = None;
            let mut lines: Vec<_> = self.lines.drain(..).flatten().collect();
            // Sockets in commands that it has not obeyed are lost as well.
            let mut commands = std::mem::take(&mut self.commands);
            self.desk.commands.take(&mut commands);
            for command in commands {
                match command {
                    Command::Add(line) | Command::Attend(line) => lines.push(line),
                    Command::Watch(..) | Command::Forget(_) => {}
                    Command::Stop => return,
                }
            }
            for line in lines {
                let news = line.on_panic(self.poll.registry());
                self.tell(&line, news);
            }
            self.ring();
        }
    }

    fn work(&mut self) {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = if self.desk.commands.sleep() {
                self.until_look()
            } else {
                Some(Duration::ZERO)
            };
            let polled = self.poll.poll(&mut events, timeout);
            self.desk.commands.wake_up();
            if polled.is_ok() {
                for event in &events {
                    let Token(index) = event.token();
                    if let Some(Some(line)) = self.lines.get(index).cloned() {
                        let news = line.on_event(event, &mut self.scratch);
                        self.tell(&line, news);
                    }
                }
            }
            // Behind the events, so that an index means the same in all of them.
            if !self.obey() {
                return;
            }
            self.look();
            self.ring();
        }
    }

    /// How long nobody need be looked at.
    fn until_look(&self) -> Option<Duration> {
        let pulses = self.pulses.as_ref()?;
        Some(pulses.next()?.saturating_sub(pulses.now()))
    }

    /// Looks at some of those whose time has come, and at the others when those have been heard that have
    /// sent something.
    fn look(&mut self) {
        let Some(mut pulses) = self.pulses.take() else {
            return;
        };
        let now = pulses.now();
        for _ in 0..LOOKS {
            let Some(number) = pulses.poll(now) else {
                break;
            };
            let index = number as usize;
            match self.lines.get(index).cloned().flatten() {
                Some(line) => {
                    let news = line.look(index, &mut *pulses, now);
                    self.tell(&line, news);
                }
                None => pulses.stop(number),
            }
        }
        self.pulses = Some(pulses);
    }

    /// Does what the owner wants; `false` if that is to stop.
    fn obey(&mut self) -> bool {
        self.desk.commands.take(&mut self.commands);
        self.commands.reverse();
        while let Some(command) = self.commands.pop() {
            match command {
                Command::Add(line) => self.add(&line),
                Command::Attend(line) => {
                    let news = line.attend(&mut self.scratch);
                    self.tell(&line, news);
                }
                Command::Watch(line, new) => {
                    line.start_watch(&mut **self.pulses.get_or_insert_with(new));
                }
                Command::Forget(line) => {
                    if let Some(index) = line.forget() {
                        if let Some(pulses) = &mut self.pulses {
                            pulses.stop(index as u64);
                        }
                        self.lines[index] = None;
                        self.free.push(index);
                    }
                }
                Command::Stop => return false,
            }
        }
        true
    }

    fn add(&mut self, line: &Arc<Line>) {
        let index = self.free.pop().unwrap_or(self.lines.len());
        if line.register(self.poll.registry(), index) {
            if index == self.lines.len() {
                self.lines.push(None);
            }
            self.lines[index] = Some(Arc::clone(line));
        } else if index < self.lines.len() {
            self.free.push(index);
        }
        let news = line.attend(&mut self.scratch);
        self.tell(line, news);
    }

    fn tell(&mut self, line: &Arc<Line>, news: u8) {
        if news != 0 && line.pipe.tell(news) {
            self.rings |= self.ready.post(Arc::clone(line));
        }
        if self.rings {
            self.told += 1;
            if self.told == BATCH {
                self.ring();
            }
        }
    }

    /// Wakes the owner, if it has to be.
    fn ring(&mut self) {
        self.told = 0;
        if std::mem::take(&mut self.rings) {
            self.ready.ring();
        }
    }
}

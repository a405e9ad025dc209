//! Paced mode: messages go out when they are due, whether or not those before them were answered.
//!
//! Round trips are counted from when a message was due: one that had to wait here because the server held this end up
//! is late as well. A closed loop would not have sent it, and so not have counted it.

use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use mio::unix::SourceFd;
use mio::{Events, Interest, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use serde_json::{Value, json};

use crate::cpu::Window;
use crate::echo::{Drive, Tally};
use crate::message::Message;
use crate::options::{Load, Target};

/// So many messages of one connection may be under way; with more the server does not keep up.
pub(crate) const MOST_UNDER_WAY: usize = 256;

/// What the timer is registered as.
const TIMER: Token = Token(usize::MAX);

/// Sends `rate` messages a second over all connections, at moments that have nothing to do with each other (as those of
/// many people have), and reports on the measured window, which is `seconds`.
pub(crate) fn run(target: &Target, load: &Load, rate: f64, seconds: Duration) -> Result<Value> {
    let message = Message::new(load)?;
    let mut pace = Pace {
        drive: Drive::open(target, load, &message)?,
        moments: Moments::new(rate),
        timer: timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?,
        events: Events::with_capacity(1024),
    };
    pace.drive.send_no_more();
    let timer = pace.timer.as_raw_fd();
    pace.drive
        .poll
        .registry()
        .register(&mut SourceFd(&timer), TIMER, Interest::READABLE)?;
    pace.go_on(load.warm_up).context("during the warm-up")?;
    pace.drive.tally = Tally::new()?;
    let window = Window::start(target.pid);
    pace.go_on(seconds)?;
    let cpu = window.per_item(pace.drive.tally.messages);
    let mut report = pace
        .drive
        .report("paced", load, seconds.as_secs_f64(), cpu)?;
    report["rate"] = json!(rate);
    Ok(report)
}

struct Pace<'a> {
    drive: Drive<'a>,
    moments: Moments,
    timer: rustix::fd::OwnedFd,
    events: Events,
}

impl Pace<'_> {
    /// Sends what is due for so long, and takes the answers that come.
    fn go_on(&mut self, time: Duration) -> Result<()> {
        let end = self.drive.now() + time.as_nanos() as u64;
        self.moments.next = self.moments.next.max(self.drive.now());
        loop {
            let now = self.drive.now();
            while self.moments.next <= now {
                self.send()?;
            }
            if now >= end {
                return Ok(());
            }
            self.wake_at(self.moments.next.min(end))?;
            match self.drive.poll.poll(&mut self.events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            for event in &self.events {
                match event.token() {
                    TIMER => {}
                    Token(index) => self.drive.handle(index, event)?,
                }
            }
        }
    }

    /// Sends the message that is due.
    fn send(&mut self) -> Result<()> {
        let due = self.moments.next;
        let connections = &mut self.drive.connections;
        let index = self.moments.below(connections.len());
        if connections[index].under_way() >= MOST_UNDER_WAY {
            bail!(
                "the server does not keep up with --rate: {MOST_UNDER_WAY} messages wait for one connection"
            );
        }
        connections[index].send(1, due)?;
        self.drive.in_flight += 1;
        self.moments.advance();
        Ok(())
    }

    /// Has the timer run out at a moment of the drive's clock, or soon if that is over.
    fn wake_at(&self, moment: u64) -> Result<()> {
        let left = moment.saturating_sub(self.drive.now()).max(1);
        let in_time = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec {
                tv_sec: (left / 1_000_000_000) as i64,
                tv_nsec: (left % 1_000_000_000) as i64,
            },
        };
        // Set anew, it has not run out: there is nothing to be read from it.
        timerfd_settime(self.timer.as_fd(), TimerfdTimerFlags::empty(), &in_time)?;
        Ok(())
    }
}

/// When messages are due: a Poisson process, the same in each run.
struct Moments {
    /// Nanoseconds of the drive's clock.
    next: u64,
    /// Nanoseconds between two messages, on the average.
    mean: f64,
    state: u64,
}

impl Moments {
    fn new(rate: f64) -> Self {
        Self {
            next: 0,
            mean: 1e9 / rate,
            state: 0x9e37_79b9_7f4a_7c15,
        }
    }

    fn advance(&mut self) {
        // Above 0 and not above 1.
        let uniform = ((self.random() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        self.next += (-uniform.ln() * self.mean) as u64;
    }

    fn below(&mut self, count: usize) -> usize {
        (self.random() % count as u64) as usize
    }

    /// xorshift64*
    const fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// What `--rate` takes: messages per second.
///
/// # Errors
/// It is none that can be sent.
pub(crate) fn rate(text: &str) -> Result<f64> {
    let rate: f64 = text
        .parse()
        .with_context(|| format!("--rate takes messages per second, not {text:?}"))?;
    ensure!(
        (1.0..=10_000_000.0).contains(&rate),
        "--rate takes 1 to 10,000,000 messages per second"
    );
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_about_as_many_moments_as_the_rate_says() {
        let mut moments = Moments::new(20_000.0);
        let mut count = 0;
        while moments.next < 1_000_000_000 {
            moments.advance();
            count += 1;
        }
        assert!((19_400..20_600).contains(&count), "{count}");
    }

    #[test]
    fn moments_come_in_order_and_not_at_one_distance() {
        let mut moments = Moments::new(1000.0);
        let mut distances = Vec::new();
        for _ in 0..1000 {
            let before = moments.next;
            moments.advance();
            distances.push(moments.next - before);
        }
        distances.sort_unstable();
        // A twentieth of them is below 0.05 of the mean, and one above three times that.
        assert!(distances[50] < 100_000, "{}", distances[50]);
        assert!(distances[950] > 2_500_000, "{}", distances[950]);
    }

    #[test]
    fn each_connection_has_its_share() {
        let mut moments = Moments::new(1.0);
        let mut counts = [0; 7];
        for _ in 0..7000 {
            counts[moments.below(7)] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_rate_is_a_positive_number() {
        assert_eq!(rate("20000").unwrap(), 20_000.0);
        for text in ["many", "0", "-1", "NaN", "inf"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}

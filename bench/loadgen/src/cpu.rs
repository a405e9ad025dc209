//! CPU time of a process, from outside and to the nanosecond: `/proc/<pid>/task/<tid>/schedstat`.
//!
//! `utime` and `stime` in `/proc/<pid>/stat` are the same clock rounded to 10 ms. A task's figure is brought up to date
//! when it leaves the CPU; with server and generator on one core the server never runs while it is read.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

/// CPU time used so far, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuTime {
    /// All threads.
    all: u64,
    /// The main thread: in Node the one that runs JavaScript.
    main: u64,
    /// The part of `all` outside the kernel, which counts in steps of a clock tick (10 ms).
    user: u64,
}

impl CpuTime {
    /// Of process `pid`; `None` where the kernel does not tell.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let tasks = PathBuf::from(format!("/proc/{pid}/task"));
        let mut all = 0;
        for task in fs::read_dir(&tasks).ok()? {
            // A thread may end between the listing and the reading; its time is then lost, which is very little.
            all += run_time(task.ok()?.path()).unwrap_or(0);
        }
        Some(Self {
            all,
            main: run_time(tasks.join(pid.to_string()))?,
            user: user_time(pid)?,
        })
    }

    pub(crate) fn of_this_process() -> Option<Self> {
        Self::of(std::process::id())
    }
}

/// The CPU time of server and generator over a measured window.
pub(crate) struct Window {
    server: Option<u32>,
    at_start: [Option<CpuTime>; 2],
}

impl Window {
    pub(crate) fn start(server: Option<u32>) -> Self {
        Self {
            server,
            at_start: Self::sample(server),
        }
    }

    /// Microseconds per item (message, connection): `{"server_all", "server_main", "generator", "generator_user"}`,
    /// null where unknown.
    pub(crate) fn per_item(&self, items: u64) -> Value {
        let [server, generator] = Self::sample(self.server);
        let part =
            |from: Option<CpuTime>, to: Option<CpuTime>, field: fn(CpuTime) -> u64| -> Value {
                match (from, to) {
                    (Some(from), Some(to)) if items > 0 => {
                        json!(field(to).saturating_sub(field(from)) as f64 / items as f64 / 1000.0)
                    }
                    _ => Value::Null,
                }
            };
        json!({
            "server_all": part(self.at_start[0], server, |time| time.all),
            "server_main": part(self.at_start[0], server, |time| time.main),
            "generator": part(self.at_start[1], generator, |time| time.all),
            "generator_user": part(self.at_start[1], generator, |time| time.user),
        })
    }

    fn sample(server: Option<u32>) -> [Option<CpuTime>; 2] {
        [server.and_then(CpuTime::of), CpuTime::of_this_process()]
    }
}

fn run_time(task: PathBuf) -> Option<u64> {
    fs::read_to_string(task.join("schedstat"))
        .ok()?
        .split(' ')
        .next()?
        .parse()
        .ok()
}

fn user_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the program's name, may hold spaces; utime is field 14.
    let after_name = &stat[stat.rfind(')')? + 2..];
    let ticks: u64 = after_name.split(' ').nth(11)?.parse().ok()?;
    Some(ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second()))
}

//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::deflate::Offer;
use crate::paced;

pub(crate) const HELP: &str = "\
loadgen --address 127.0.0.1:PORT [--tls] [--pid PID] and one of

  --connections N --size BYTES [--in-flight W] [--text]
      echo: keep W messages in flight on each of N connections
      --warm-up SECONDS   not measured (default 0.5)
      --seconds SECONDS   measured (default 2), or
      --messages COUNT    measured until COUNT answers have come
      --deflate takeover|no-takeover
                          send compressed messages (permessage-deflate)
      --slices            pause after the warm-up and after each --seconds or
                          --messages, with nothing in flight: print a line
                          and wait for one on standard input, whose end ends
                          the run
      --rate R            instead: send R messages a second over all
                          connections, answered or not; round trips count from
                          when a message was due
      --fan-out K         instead: the server sends each message of the first
                          connection to all, K times; the next goes out when
                          all have come
      --cycles N          instead: N times, open the connections, send COUNT
                          messages on each, close them; after each of these
                          print a line and wait for one on standard input
  --idle N
      open N connections, print a line, hold them until a line comes on
      standard input, close them
  --accept N [--at-once C]
      open and close N connections, C at a time (default 16)

  --answer N
      open N connections and answer the pings that come for --warm-up and
      --seconds
  --ping N --interval SECONDS
      instead of a client, and without --address: a server that pings each of
      N connections once in that time, and nothing else

  --tls     over TLS; any certificate is accepted
  --pid     the server's process: adds its CPU time to the report (Linux)
";

/// One run: what to do and to whom.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) target: Target,
    pub(crate) mode: Mode,
}

/// The server under test.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
    /// Whose CPU time to report, if anybody's.
    pub(crate) pid: Option<u32>,
}

#[derive(Debug)]
pub(crate) enum Mode {
    Echo(Load),
    Slices(Load),
    /// `in_flight` is how often each message is sent to all.
    FanOut(Load),
    /// `rate` messages a second; `in_flight` is how many a connection may have under way.
    Paced {
        load: Load,
        rate: f64,
        seconds: Duration,
    },
    Cycles {
        load: Load,
        cycles: usize,
        messages: u64,
    },
    Idle {
        connections: usize,
    },
    Answer {
        connections: usize,
        /// Before what is measured, and of that.
        times: (Duration, Duration),
    },
    Ping {
        connections: usize,
        interval: Duration,
    },
    Accept {
        connections: usize,
        at_once: usize,
    },
}

/// The shape of the traffic in echo mode.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    /// Payload bytes per message, before compression.
    pub(crate) size: usize,
    /// Messages under way on each connection.
    pub(crate) in_flight: usize,
    pub(crate) text: bool,
    pub(crate) deflate: Option<Offer>,
    pub(crate) warm_up: Duration,
    pub(crate) limit: Limit,
}

/// When the measured window ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Messages(u64),
    Time(Duration),
}

impl Options {
    /// Reads the arguments after the program's name; the error says which one is wrong.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut given = Given::default();
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{name} needs a value"));
            match name.as_str() {
                "--address" => {
                    given.address = Some(value()?.parse().context("--address is not IP:PORT")?)
                }
                "--tls" => given.tls = true,
                "--pid" => given.pid = Some(number(name, value()?)?),
                "--connections" => given.connections = Some(number(name, value()?)?),
                "--size" => given.size = Some(number(name, value()?)?),
                "--in-flight" => given.in_flight = Some(number(name, value()?)?),
                "--text" => given.text = true,
                "--deflate" => given.deflate = Some(Offer::parse(value()?)?),
                "--warm-up" => given.warm_up = Some(seconds(name, value()?)?),
                "--seconds" => given.limit = Some(Limit::Time(seconds(name, value()?)?)),
                "--messages" => given.limit = Some(Limit::Messages(number(name, value()?)?)),
                "--slices" => given.slices = true,
                "--rate" => given.rate = Some(paced::rate(value()?)?),
                "--fan-out" => given.fan_out = Some(number(name, value()?)?),
                "--cycles" => given.cycles = Some(number(name, value()?)?),
                "--idle" => given.idle = Some(number(name, value()?)?),
                "--answer" => given.answer = Some(number(name, value()?)?),
                "--ping" => given.ping = Some(number(name, value()?)?),
                "--interval" => given.interval = Some(seconds(name, value()?)?),
                "--accept" => given.accept = Some(number(name, value()?)?),
                "--at-once" => given.at_once = Some(number(name, value()?)?),
                _ => bail!("unknown option {name}; --help lists them"),
            }
        }
        given.into_options()
    }
}

#[derive(Default)]
struct Given {
    address: Option<SocketAddr>,
    tls: bool,
    pid: Option<u32>,
    connections: Option<usize>,
    size: Option<usize>,
    in_flight: Option<usize>,
    text: bool,
    deflate: Option<Offer>,
    warm_up: Option<Duration>,
    limit: Option<Limit>,
    slices: bool,
    rate: Option<f64>,
    fan_out: Option<usize>,
    cycles: Option<usize>,
    idle: Option<usize>,
    accept: Option<usize>,
    answer: Option<usize>,
    ping: Option<usize>,
    interval: Option<Duration>,
    at_once: Option<usize>,
}

impl Given {
    fn paced(&self, load: Load, limit: Limit) -> Result<Mode> {
        let Limit::Time(seconds) = limit else {
            bail!("--rate goes with --seconds, not with --messages");
        };
        let others = self.slices || self.fan_out.is_some() || self.cycles.is_some();
        ensure!(
            !others && self.in_flight.is_none(),
            "--rate goes without --slices, --fan-out, --cycles and --in-flight"
        );
        Ok(Mode::Paced {
            load,
            rate: self.rate.context("--rate is needed")?,
            seconds,
        })
    }

    fn into_options(self) -> Result<Options> {
        if let Some(connections) = self.ping {
            let interval = self.interval.context("--ping needs --interval SECONDS")?;
            return Ok(Options {
                target: Target {
                    address: ([127, 0, 0, 1], 0).into(),
                    tls: false,
                    pid: None,
                },
                mode: Mode::Ping {
                    connections: at_least_one("--ping", connections)?,
                    interval,
                },
            });
        }
        let address = self.address.context("--address IP:PORT is needed")?;
        let mode = match (self.connections, self.idle, self.accept, self.answer) {
            (None, None, None, Some(connections)) => {
                let Some(Limit::Time(seconds)) = self.limit else {
                    bail!("--answer needs --seconds");
                };
                let warm_up = self.warm_up.unwrap_or(Duration::from_millis(500));
                Mode::Answer {
                    connections: at_least_one("--answer", connections)?,
                    times: (warm_up, seconds),
                }
            }
            (Some(connections), None, None, None) => {
                let under_way = self.rate.map(|_| paced::MOST_UNDER_WAY);
                let in_flight = under_way.or(self.fan_out).or(self.in_flight).unwrap_or(1);
                let load = Load {
                    connections: at_least_one("--connections", connections)?,
                    size: self.size.context("--connections needs --size BYTES")?,
                    in_flight: at_least_one("--in-flight and --fan-out", in_flight)?,
                    text: self.text,
                    deflate: self.deflate,
                    warm_up: self.warm_up.unwrap_or(Duration::from_millis(500)),
                    limit: self.limit.unwrap_or(Limit::Time(Duration::from_secs(2))),
                };
                match (self.cycles, load.limit) {
                    (_, limit) if self.rate.is_some() => self.paced(load, limit)?,
                    (None, _) if self.fan_out.is_some() => {
                        ensure!(
                            !self.slices && self.in_flight.is_none(),
                            "--fan-out goes without --slices and --in-flight"
                        );
                        Mode::FanOut(load)
                    }
                    (None, _) if self.slices => Mode::Slices(load),
                    (None, _) => Mode::Echo(load),
                    (Some(_), _) if self.slices => bail!("give one of --slices and --cycles"),
                    (Some(cycles), Limit::Messages(messages)) => Mode::Cycles {
                        load,
                        cycles: at_least_one("--cycles", cycles)?,
                        messages,
                    },
                    (Some(_), Limit::Time(_)) => bail!("--cycles needs --messages COUNT"),
                }
            }
            (None, Some(connections), None, None) => Mode::Idle {
                connections: at_least_one("--idle", connections)?,
            },
            (None, None, Some(connections), None) => Mode::Accept {
                connections: at_least_one("--accept", connections)?,
                at_once: at_least_one("--at-once", self.at_once.unwrap_or(16))?,
            },
            _ => bail!("give exactly one of --connections, --idle, --accept and --answer"),
        };
        Ok(Options {
            target: Target {
                address,
                tls: self.tls,
                pid: self.pid,
            },
            mode,
        })
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T> {
    text.parse()
        .ok()
        .with_context(|| format!("{name} takes a whole number, not {text:?}"))
}

fn seconds(name: &str, text: &str) -> Result<Duration> {
    let value = text
        .parse()
        .ok()
        .and_then(|value| Duration::try_from_secs_f64(value).ok());
    value.with_context(|| format!("{name} takes seconds, not {text:?}"))
}

fn at_least_one(name: &str, value: usize) -> Result<usize> {
    ensure!(value > 0, "{name} must be at least 1");
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(
            &line
                .split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn an_echo_run_has_one_message_in_flight_unless_told() {
        let options = parse("--address 127.0.0.1:80 --connections 3 --size 125").unwrap();
        let Mode::Echo(load) = options.mode else {
            panic!("not an echo run")
        };
        assert_eq!(
            (load.connections, load.size, load.in_flight, load.text),
            (3, 125, 1, false)
        );
    }

    #[test]
    fn cycles_need_a_number_of_messages() {
        let line = "--address 127.0.0.1:80 --connections 3 --size 125 --cycles 2";
        assert!(parse(line).unwrap_err().to_string().contains("--messages"));
        let options = parse(&format!("{line} --messages 100")).unwrap();
        let Mode::Cycles {
            cycles, messages, ..
        } = options.mode
        else {
            panic!("no cycles")
        };
        assert_eq!((cycles, messages), (2, 100));
    }

    #[test]
    fn slices_and_cycles_exclude_each_other() {
        let line = "--address 127.0.0.1:80 --connections 3 --size 125 --slices";
        assert!(matches!(parse(line).unwrap().mode, Mode::Slices(_)));
        let both = format!("{line} --cycles 2 --messages 100");
        assert!(parse(&both).unwrap_err().to_string().contains("--slices"));
    }

    #[test]
    fn a_message_for_all_is_not_in_flight_several_times() {
        let line = "--address 127.0.0.1:80 --connections 3 --size 125 --fan-out 10";
        let Mode::FanOut(load) = parse(line).unwrap().mode else {
            panic!("no fan-out")
        };
        assert_eq!((load.connections, load.in_flight), (3, 10));
        for other in ["--slices", "--in-flight 2"] {
            let error = parse(&format!("{line} {other}")).unwrap_err();
            assert!(error.to_string().contains("--fan-out"));
        }
    }

    #[test]
    fn a_rate_goes_with_a_time_alone() {
        let line = "--address 127.0.0.1:80 --connections 3 --size 125 --rate 500";
        let Mode::Paced { rate, seconds, .. } = parse(line).unwrap().mode else {
            panic!("not paced")
        };
        assert_eq!((rate, seconds), (500.0, Duration::from_secs(2)));
        for other in [
            "--slices",
            "--in-flight 2",
            "--fan-out 2",
            "--messages 9",
            "--cycles 2",
        ] {
            let error = parse(&format!("{line} {other}")).unwrap_err();
            assert!(error.to_string().contains("--rate"), "{other}");
        }
    }

    #[test]
    fn two_modes_at_once_are_refused() {
        let error = parse("--address 127.0.0.1:80 --idle 5 --accept 5").unwrap_err();
        assert!(error.to_string().contains("exactly one"));
    }

    #[test]
    fn a_bad_number_is_named_with_its_option() {
        let error = parse("--address 127.0.0.1:80 --idle many").unwrap_err();
        assert_eq!(
            error.to_string(),
            "--idle takes a whole number, not \"many\""
        );
        assert!(parse("--address 127.0.0.1:80 --connections 1 --size 1 --seconds -1").is_err());
    }
}

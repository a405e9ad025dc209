//! A WebSocket load generator for one echo server on the loopback device.
//!
//! One thread, non-blocking sockets, no work per message that can be done once: frames are built and masked before the
//! first byte is sent, and answers are read by their headers only (their content is compared on a sample). Each run
//! prints one line of JSON.

mod connection;
mod cpu;
mod cycle;
mod deflate;
mod echo;
mod fanout;
mod frame;
mod hold;
mod message;
mod options;
mod paced;
mod pings;
mod steps;
mod stream;
mod upgrade;

use options::{Mode, Options};

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{}", options::HELP);
        return std::process::ExitCode::SUCCESS;
    }
    let outcome = Options::parse(&arguments).and_then(|options| match options.mode {
        Mode::Echo(load) => echo::run(&options.target, &load),
        Mode::FanOut(load) => fanout::run(&options.target, &load),
        Mode::Paced {
            load,
            rate,
            seconds,
        } => paced::run(&options.target, &load, rate, seconds),
        Mode::Slices(load) => echo::run_slices(&options.target, &load),
        Mode::Cycles {
            load,
            cycles,
            messages,
        } => cycle::run(&options.target, &load, cycles, messages),
        Mode::Idle { connections } => hold::idle(&options.target, connections),
        Mode::Answer { connections, times } => pings::answer(&options.target, connections, times),
        Mode::Ping {
            connections,
            interval,
        } => pings::serve(connections, interval),
        Mode::Accept {
            connections,
            at_once,
        } => hold::accept(&options.target, connections, at_once),
    });
    match outcome {
        Ok(report) => {
            println!("{report}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("loadgen: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

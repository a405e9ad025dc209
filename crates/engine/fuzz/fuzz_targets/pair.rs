#![no_main]

#[path = "../src/bodies.rs"]
mod bodies;
#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::pair(data));

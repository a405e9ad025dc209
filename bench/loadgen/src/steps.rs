//! A run in steps: between them somebody outside looks at the server or lets another run go first.

use std::io;

use anyhow::Result;
use serde_json::Value;

/// Prints a line and waits for one on standard input; false if none will come any more.
pub(crate) fn pause(line: &Value) -> Result<bool> {
    println!("{line}");
    Ok(io::stdin().read_line(&mut String::new())? > 0)
}

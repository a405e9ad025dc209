//! The opening handshake (RFC 6455, section 4.1), done once per connection on a blocking socket.

use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};
use tungstenite::handshake::{client::generate_key, derive_accept_key};

use crate::deflate::Offer;

/// A request that has been sent and whose answer is still to come.
#[must_use]
pub(crate) struct Upgrade {
    accept: String,
    deflate: bool,
}

impl Upgrade {
    /// Sends the request.
    pub(crate) fn request(socket: &mut impl Write, offer: Option<Offer>) -> Result<Self> {
        let key = generate_key();
        let extension = offer.map_or_else(String::new, |offer| {
            format!("Sec-WebSocket-Extensions: {}\r\n", offer.header())
        });
        let request = format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{extension}\r\n"
        );
        socket
            .write_all(request.as_bytes())
            .context("sending the upgrade request")?;
        Ok(Self {
            accept: derive_accept_key(key.as_bytes()),
            deflate: offer.is_some(),
        })
    }

    /// Reads the response and checks that the server switched protocols as asked.
    pub(crate) fn response(self, socket: &mut impl Read) -> Result<()> {
        let mut response = Vec::with_capacity(512);
        let mut chunk = [0; 512];
        while !response.ends_with(b"\r\n\r\n") {
            let count = socket
                .read(&mut chunk)
                .context("reading the upgrade response")?;
            ensure!(count > 0, "the server hung up during the handshake");
            response.extend_from_slice(&chunk[..count]);
            ensure!(response.len() < 8192, "the upgrade response does not end");
        }
        let response = String::from_utf8_lossy(&response);
        ensure!(
            response.starts_with("HTTP/1.1 101 "),
            "the server answered {:?}",
            response.lines().next()
        );
        ensure!(
            header(&response, "sec-websocket-accept") == Some(&self.accept),
            "wrong Sec-WebSocket-Accept"
        );
        let extension = header(&response, "sec-websocket-extensions").unwrap_or("");
        ensure!(
            extension.starts_with("permessage-deflate") == self.deflate,
            "permessage-deflate was {}offered, the server answered {extension:?}",
            if self.deflate { "" } else { "not " },
        );
        Ok(())
    }
}

/// The value of the header `name` (in lower case).
fn header<'a>(response: &'a str, name: &str) -> Option<&'a str> {
    response.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#!/usr/bin/env bash
# A patch release of flate2 ends permessage-deflate in soketto. A message of that extension ends with a flush, not
# with a last block (RFC 7692, 7.2.1). Decoders of flate2 took what ends so until 1.1.9. Since 1.1.10 those that read
# call it an "incomplete deflate stream" (https://github.com/rust-lang/flate2-rs/pull/556,
# https://github.com/rust-lang/flate2-rs/issues/568), and since 1.1.11 finish() of those that are written to does.
# soketto 0.8.1, with its feature "deflate", calls that for each message: a program whose lock file went from
# 1.1.9 to 1.1.11 gets an error in place of each compressed message, of its own kind, too. An older issue of soketto,
# https://github.com/paritytech/soketto/issues/49, is about the second message of browsers. Seen with rustc 1.95.
#
# Fails if that is no longer so. Needs cargo and its registry, and a C compiler.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src

cat > src/main.rs << 'RUST'
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use flate2::{Compress, Compression, FlushCompress};
use futures::executor::block_on;
use futures::io::AllowStdIo;
use soketto::extension::deflate::Deflate;
use soketto::handshake::{server::Response, Client, Server, ServerResponse};
use soketto::{BoxedError, Mode};

/// What a decoder of flate2 says of a stream that ends with a flush.
fn flushed() -> (String, String) {
    let mut bytes = Vec::with_capacity(100);
    Compress::new(Compression::default(), false)
        .compress_vec(b"Hello", &mut bytes, FlushCompress::Sync)
        .unwrap();

    let mut read = String::new();
    let reading = flate2::read::DeflateDecoder::new(&bytes[..])
        .read_to_string(&mut read)
        .map_or_else(|error| error.to_string(), |_| read);

    let mut decoder = flate2::write::DeflateDecoder::new(Vec::new());
    decoder.write_all(&bytes).unwrap();
    let writing = decoder
        .finish()
        .map_or_else(|error| error.to_string(), |bytes| String::from_utf8(bytes).unwrap());
    (reading, writing)
}

async fn send(stream: TcpStream) -> Result<(), BoxedError> {
    let mut client = Client::new(AllowStdIo::new(stream), "localhost", "/");
    client.add_extension(Box::new(Deflate::new(Mode::Client)));
    let ServerResponse::Accepted { .. } = client.handshake().await? else {
        panic!("refused")
    };
    let (mut sender, _receiver) = client.into_builder().finish();
    sender.send_text("Hello").await?;
    sender.flush().await?;
    Ok(())
}

async fn receive(stream: TcpStream) -> Result<String, BoxedError> {
    let mut server = Server::new(AllowStdIo::new(stream));
    server.add_extension(Box::new(Deflate::new(Mode::Server)));
    let key = server.receive_request().await?.key();
    let response = Response::Accept { key, protocol: None };
    server.send_response(&response).await?;
    let (_sender, mut receiver) = server.into_builder().finish();
    let mut message = Vec::new();
    receiver.receive_data(&mut message).await?;
    Ok(String::from_utf8(message)?)
}

fn main() {
    let (reading, writing) = flushed();
    println!("read: {reading}");
    println!("write: {writing}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let sending = std::thread::spawn(|| block_on(send(client)).unwrap());
    let received = block_on(receive(server)).unwrap_or_else(|error| error.to_string());
    println!("soketto: {received}");
    sending.join().unwrap();
}
RUST

check() {
  local seen
  cat > Cargo.toml << TOML
[package]
name = "flushed"
version = "0.0.0"
edition = "2021"

[dependencies]
flate2 = "=$1"
futures = "0.3"
soketto = { version = "=0.8.1", features = ["deflate"] }
TOML
  seen=$(cargo run --quiet 2> log) || {
    cat log >&2
    exit 1
  }
  echo "flate2 $1: ${seen//$'\n'/, }"
  [[ ${seen//$'\n'/, } == "read: $2, write: $3, soketto: $4" ]] || {
    echo "expected: read: $2, write: $3, soketto: $4" >&2
    exit 1
  }
}

incomplete='incomplete deflate stream'
check 1.1.9 Hello Hello Hello
check 1.1.10 "$incomplete" Hello Hello
check 1.1.11 "$incomplete" "$incomplete" "extension error: $incomplete"
echo 'as described'

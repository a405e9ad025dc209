//! Our connection and a tokio-tungstenite stream at the two ends of an in-memory pipe.

mod support;

use futures_util::{SinkExt, StreamExt};
use support::{ROLES, Seen, feed, key_for, other, their};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use ws_rs_protocol::{CloseCode, Config, Connection, Data, OpCode, Role};

const LENGTHS: [usize; 11] = [
    0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 300_000, 2_000_000,
];

/// Our end: the core with a pipe around it.
struct Ours {
    connection: Connection,
    pipe: DuplexStream,
    seen: Vec<Seen>,
    /// Masks what we send.
    key: Option<[u8; 4]>,
}

impl Ours {
    /// Reads until `count` events are there.
    async fn receive(&mut self, count: usize) -> Vec<Seen> {
        let mut chunk = vec![0; 5_000];
        while self.seen.len() < count {
            let len = self.pipe.read(&mut chunk).await.unwrap();
            assert!(len > 0, "the pipe ended after {:?}", self.seen.len());
            feed(&mut self.connection, &chunk[..len], &mut self.seen).unwrap();
        }
        self.seen.drain(..count).collect()
    }

    async fn write(&mut self, build: impl FnOnce(&Connection, Option<[u8; 4]>, &mut Vec<u8>)) {
        let mut out = Vec::new();
        build(&self.connection, self.key, &mut out);
        self.pipe.write_all(&out).await.unwrap();
    }
}

/// Ours as `role`, theirs as the other.
async fn pair(role: Role) -> (Ours, WebSocketStream<DuplexStream>) {
    let (pipe, far) = duplex(16 * 1024);
    let theirs = WebSocketStream::from_raw_socket(far, their(other(role)), None).await;
    let ours = Ours {
        connection: Connection::new(role, Config::default()),
        pipe,
        seen: Vec::new(),
        key: key_for(other(role)),
    };
    (ours, theirs)
}

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|i| b'a' + (i % 23) as u8).collect()
}

#[tokio::test]
async fn messages_of_every_length_go_from_theirs_to_ours() {
    for role in ROLES {
        let (mut ours, mut theirs) = pair(role).await;
        for len in LENGTHS {
            let text = String::from_utf8(payload(len)).unwrap();
            let send = async {
                theirs.send(Message::text(text)).await.unwrap();
                theirs.send(Message::binary(payload(len))).await.unwrap();
            };
            let (seen, ()) = tokio::join!(ours.receive(2), send);
            assert_eq!(seen, [Seen::Text(payload(len)), Seen::Binary(payload(len))]);
        }
    }
}

#[tokio::test]
async fn messages_of_every_length_go_from_ours_to_theirs() {
    for role in ROLES {
        let (mut ours, mut theirs) = pair(role).await;
        for len in LENGTHS {
            let bytes = payload(len);
            let send = ours.write(|connection, key, out| {
                connection.send_message(Data::Text, &bytes, (true, false), key, out);
                connection.send_message(Data::Binary, &bytes, (true, false), key, out);
            });
            let receive = async { [theirs.next().await, theirs.next().await] };
            let ((), received) = tokio::join!(send, receive);
            let seen = received.map(|message| Seen::from(message.unwrap().unwrap()));
            assert_eq!(seen, [Seen::Text(payload(len)), Seen::Binary(payload(len))]);
        }
    }
}

#[tokio::test]
async fn fragments_with_control_frames_between_them_go_from_ours_to_theirs() {
    for role in ROLES {
        let (mut ours, mut theirs) = pair(role).await;
        ours.write(|connection, key, out| {
            connection.send_message(Data::Text, b"\xce", (false, false), key, out);
            connection.send_ping(&[7; 125], key, out);
            connection.send_message(Data::Continue, b"\xba", (false, false), key, out);
            connection.send_pong(b"", key, out);
            connection.send_message(Data::Continue, b"", (true, false), key, out);
        })
        .await;
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(Seen::from(theirs.next().await.unwrap().unwrap()));
        }
        assert_eq!(
            seen,
            [
                Seen::Ping(vec![7; 125]),
                Seen::Pong(vec![]),
                Seen::Text("κ".as_bytes().to_vec())
            ]
        );
        // tungstenite answers the ping by itself once it is driven on.
        theirs.flush().await.unwrap();
        assert_eq!(ours.receive(1).await, [Seen::Pong(vec![7; 125])]);
    }
}

#[tokio::test]
async fn fragments_with_control_frames_between_them_go_from_theirs_to_ours() {
    for role in ROLES {
        let (mut ours, mut theirs) = pair(role).await;
        let fragment = |data: Data, payload: &'static [u8], fin: bool| {
            let payload = Bytes::from_static(payload);
            Message::Frame(Frame::message(payload, OpCode::Data(data), fin))
        };
        for message in [
            fragment(Data::Binary, b"one ", false),
            Message::Ping(Bytes::from_static(b"ping")),
            fragment(Data::Continue, b"", false),
            Message::Pong(Bytes::from_static(b"pong")),
            fragment(Data::Continue, b"two", true),
        ] {
            theirs.send(message).await.unwrap();
        }
        assert_eq!(
            ours.receive(3).await,
            [
                Seen::Ping(b"ping".to_vec()),
                Seen::Pong(b"pong".to_vec()),
                Seen::Binary(b"one two".to_vec())
            ]
        );
        assert_eq!(ours.connection.fragment_ends(), [4, 7]);
    }
}

#[tokio::test]
async fn they_begin_the_close_handshake_and_we_answer() {
    for role in ROLES {
        for (code, reason) in [(1000, ""), (1001, "away"), (3000, "κ"), (4999, "bye")] {
            let (mut ours, mut theirs) = pair(role).await;
            let frame = CloseFrame {
                code: CloseCode::from(code),
                reason: reason.into(),
            };
            theirs.send(Message::Close(Some(frame))).await.unwrap();
            let close = Seen::Close(code, reason.as_bytes().to_vec());
            assert_eq!(ours.receive(1).await[0], close);
            assert!(ours.connection.is_done());
            ours.write(|connection, key, out| {
                connection.send_close(Some(code), reason.as_bytes(), key, out);
            })
            .await;
            let answer = theirs.next().await.unwrap().unwrap();
            assert_eq!(Seen::from(answer), close);
            drop(ours);
            assert!(theirs.next().await.is_none(), "the handshake is complete");
        }
    }
}

#[tokio::test]
async fn we_begin_the_close_handshake_and_they_answer() {
    for role in ROLES {
        for code in [None, Some(1000), Some(1011), Some(4000)] {
            let (mut ours, mut theirs) = pair(role).await;
            ours.write(|connection, key, out| connection.send_close(code, b"", key, out))
                .await;
            let close = Seen::Close(code.unwrap_or(1005), vec![]);
            let message = theirs.next().await.unwrap().unwrap();
            assert_eq!(Seen::from(message), close);
            // Their answer is written when they are driven on.
            let (_, seen) = tokio::join!(theirs.flush(), ours.receive(1));
            assert_eq!(seen, [close]);
        }
    }
}

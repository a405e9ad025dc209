//! The head of an opening handshake (RFC 6455, section 4.2.1), as nearly all clients write it.
//!
//! Node's parser decides what a request means. Here only requests are recognised of which there can
//! be no two opinions; whatever else, valid or not, is [`UpgradeRequest::Other`] and Node's.

/// Lines of headers; a request with more is Node's to judge.
const MAX_HEADERS: usize = 64;
/// Bytes of a head; Node's own limit can be set to less than 16 KiB, but not usefully to less than
/// this.
pub const MAX_HEAD: usize = 8 * 1024;

/// What has come of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpgradeRequest {
    /// A request to be upgraded, whose head has so many bytes, the empty line included.
    Whole(usize),
    /// Something else, or a part of a request.
    Other,
}

impl UpgradeRequest {
    /// Looks at the first bytes of a connection.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        parse(bytes).map_or(Self::Other, Self::Whole)
    }

    /// As [`of`](Self::of), but [`Other`](Self::Other) if anything stands behind the head. Frames that come with
    /// a request are to be handed out with it, also if the connection is ended at once (RFC 6455, section 4.1,
    /// has clients wait for the answer).
    #[must_use]
    pub fn alone(bytes: &[u8]) -> Self {
        match Self::of(bytes) {
            Self::Whole(len) if len < bytes.len() => Self::Other,
            request => request,
        }
    }
}

fn parse(bytes: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(MAX_HEAD)];
    // An empty line before it would be skipped.
    if !bytes.starts_with(b"GET /") {
        return None;
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(len)) = request.parse(bytes) else {
        return None;
    };
    let is_strict = is_strict(&bytes[..len]) && request.version == Some(1);
    (is_strict && asks_for_upgrade(request.headers)).then_some(len)
}

/// Whether it is ASCII without control characters, in lines that end in CRLF. Tabs are some: Node 20 does not take
/// `upgrade` for it with one behind it.
fn is_strict(head: &[u8]) -> bool {
    let mut previous = 0;
    for byte in head {
        let is_allowed = match *byte {
            b'\n' => previous == b'\r',
            _ if previous == b'\r' => false,
            b'\r' | b' '..=b'~' => true,
            _ => false,
        };
        if !is_allowed {
            return false;
        }
        previous = *byte;
    }
    true
}

/// Each of these is to be there once.
#[derive(Default)]
struct Seen {
    host: bool,
    upgrade: bool,
    connection: bool,
    key: bool,
    version: bool,
}

fn asks_for_upgrade(headers: &[httparse::Header<'_>]) -> bool {
    let mut seen = Seen::default();
    for header in headers {
        let (name, value) = (header.name, header.value.trim_ascii());
        let is = |other| name.eq_ignore_ascii_case(other);
        let (field, is_right) = if is("host") {
            (&mut seen.host, !value.is_empty())
        } else if is("upgrade") {
            (&mut seen.upgrade, value.eq_ignore_ascii_case(b"websocket"))
        } else if is("connection") {
            (&mut seen.connection, is_upgrade(value))
        } else if is("sec-websocket-key") {
            (&mut seen.key, is_key(value))
        } else if is("sec-websocket-version") {
            (&mut seen.version, value == b"13")
        } else if is("content-length") || is("transfer-encoding") || is("expect") {
            return false;
        } else {
            continue;
        };
        if *field || !is_right {
            return false;
        }
        *field = true;
    }
    seen.host && seen.upgrade && seen.connection && seen.key && seen.version
}

/// `upgrade`, and nothing else that asks for something.
fn is_upgrade(value: &[u8]) -> bool {
    let mut tokens = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let mut upgrades = false;
    tokens.all(|token| {
        let is_upgrade = token.eq_ignore_ascii_case(b"upgrade");
        upgrades |= is_upgrade;
        is_upgrade || token.eq_ignore_ascii_case(b"keep-alive")
    }) && upgrades
}

/// The base64 of 16 bytes.
fn is_key(value: &[u8]) -> bool {
    value.len() == 24
        && value.ends_with(b"==")
        && value[..22]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "GET /chat?x=1 HTTP/1.1\r\nHost: a:1\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";

    fn of(text: &str) -> UpgradeRequest {
        UpgradeRequest::of(text.as_bytes())
    }

    fn changed(from: &str, to: &str) -> UpgradeRequest {
        assert!(HEAD.contains(from));
        of(&HEAD.replace(from, to))
    }

    #[test]
    fn a_request_with_frames_behind_it_does_not_stand_alone() {
        let with_frames = [HEAD.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat();
        assert_eq!(
            UpgradeRequest::alone(HEAD.as_bytes()),
            UpgradeRequest::Whole(HEAD.len())
        );
        assert_eq!(UpgradeRequest::alone(&with_frames), UpgradeRequest::Other);
        assert_eq!(
            UpgradeRequest::alone(b"GET / HTTP/1.1\r\n"),
            UpgradeRequest::Other
        );
    }

    #[test]
    fn the_usual_request_is_recognised() {
        assert_eq!(of(HEAD), UpgradeRequest::Whole(HEAD.len()));
    }

    #[test]
    fn what_is_behind_the_head_is_not_a_part_of_it() {
        assert_eq!(
            of(&format!("{HEAD}\u{1}\u{2}GET")),
            UpgradeRequest::Whole(HEAD.len())
        );
    }

    #[test]
    fn names_and_values_of_any_case_are_recognised() {
        for (from, to) in [
            ("Upgrade: websocket", "UPGRADE:WebSocket"),
            ("Connection: Upgrade", "connection:  keep-alive , uPGRADE  "),
        ] {
            assert!(
                matches!(changed(from, to), UpgradeRequest::Whole(_)),
                "{to}"
            );
        }
    }

    #[test]
    fn any_part_of_a_request_is_other() {
        for len in 0..HEAD.len() {
            assert_eq!(of(&HEAD[..len]), UpgradeRequest::Other, "{len}");
        }
    }

    #[test]
    fn what_node_might_read_differently_is_other() {
        for (from, to) in [
            ("GET", "POST"),
            ("GET", "get"),
            ("GET", "\r\nGET"),
            ("GET", " GET"),
            ("/chat", "http://a/chat"),
            ("/chat", "*"),
            ("/chat", "/ch\u{e4}t"),
            ("/chat", "/ch at"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("HTTP/1.1", "HTTP/2.0"),
            ("Host: a:1\r\n", ""),
            ("Host: a:1", "Host:"),
            ("Host: a:1", "Host: a\r\nHost: a"),
            ("Host: a:1", "Host: a\r\n folded"),
            ("Host: a:1", "Host : a"),
            ("Host: a:1", "Host: a\rX: b"),
            ("Host: a:1\r\n", "Host: a\n"),
            ("Host: a:1", "Host: a\u{0}"),
            ("Host: a:1", "Host: \u{e4}"),
            ("Host: a:1", "Host: a\r\nX\u{7f}: a"),
            ("websocket", "websocket, h2c"),
            ("websocket", "h2c"),
            ("Connection: Upgrade", "Connection: Upgrade\t"),
            ("Connection: Upgrade", "Connection: Upgrade\t,keep-alive"),
            ("Connection: Upgrade", "Connection: close"),
            ("Connection: Upgrade", "Connection: upgrade, close"),
            ("Connection: Upgrade", "Connection: upgrade,"),
            ("Connection: Upgrade", "Connection: keep-alive"),
            ("Q==", "Q="),
            ("Q==", "==="),
            ("dGhl", "dG-l"),
            ("13", "8"),
            ("13", "13\r\nSec-WebSocket-Version: 13"),
            ("13", "13\r\nContent-Length: 0"),
            ("13", "13\r\nTransfer-Encoding: chunked"),
            ("13", "13\r\nExpect: 100-continue"),
        ] {
            assert_eq!(changed(from, to), UpgradeRequest::Other, "{to:?}");
        }
    }

    #[test]
    fn too_many_lines_or_bytes_are_other() {
        let with = |count: usize| changed("13", &format!("13{}", "\r\nX: y".repeat(count)));
        assert!(matches!(with(MAX_HEADERS - 5), UpgradeRequest::Whole(_)));
        assert_eq!(with(MAX_HEADERS - 4), UpgradeRequest::Other);
        let long = |count: usize| changed("/chat", &format!("/{}", "x".repeat(count)));
        assert!(matches!(
            long(MAX_HEAD - HEAD.len()),
            UpgradeRequest::Whole(_)
        ));
        assert_eq!(long(MAX_HEAD), UpgradeRequest::Other);
    }
}

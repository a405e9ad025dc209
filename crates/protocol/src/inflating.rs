//! What is inflated on its way to who decodes it.

/// What inflates whole messages.
pub trait Inflate: std::fmt::Debug + Send {
    /// Appends what the message inflates to, which came behind `before` other compressed ones; `false` if
    /// it is not to be inflated here. Nothing is appended then.
    fn inflate(&mut self, before: u64, payload: &[u8], out: &mut Vec<u8>) -> bool;
}

/// How far it is.
#[derive(Debug)]
pub(crate) struct Inflating {
    pub(crate) engine: Box<dyn Inflate>,
    /// What has come of the frame that is passing, if it waits for its end or is not known yet.
    pub(crate) kept: Vec<u8>,
    /// It is a message to be inflated.
    pub(crate) waits: bool,
    /// A part of the header that is passing has been passed on already: so is the rest of the frame.
    pub(crate) has_begun: bool,
}

/// What became of bytes that have come.
#[derive(Debug, Default)]
pub struct Passed {
    /// What whoever decodes is to get.
    pub bytes: Vec<u8>,
    /// The compressed messages in there whose payloads are inflated, by their numbers from the first on
    /// the connection. Else they are as the peer sent them, so RSV1 is still set.
    pub inflated: Vec<u64>,
    /// Pings.
    pub pings: usize,
}

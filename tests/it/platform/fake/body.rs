//! The body of an answer, which a fault may cut.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

use super::http::Dropped;

/// A body that may stop half-way although its length was announced.
pub(super) struct Payload {
    bytes: Option<Bytes>,
    /// The answer is to end before its end.
    pub(super) cut: bool,
    waited: bool,
}

impl Payload {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self {
            bytes: Some(bytes),
            cut: false,
            waited: false,
        }
    }

    /// Bytes announced.
    pub(super) fn len(&self) -> usize {
        self.bytes.as_ref().map_or(0, Bytes::len)
    }
}

impl hyper::body::Body for Payload {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let cut = self.cut;
        Poll::Ready(match self.bytes.take() {
            Some(bytes) if cut => Some(Ok(Frame::data(bytes.slice(..bytes.len() / 2)))),
            Some(bytes) => Some(Ok(Frame::data(bytes))),
            // One wait, for what is already there to be sent.
            None if cut && !self.waited => {
                self.waited = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            None if cut => Some(Err(Dropped)),
            None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

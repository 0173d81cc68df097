//! A body that is too large for memory: read piece by piece, by a call that blocks.
//!
//! # Design
//!
//! A few pieces wait in a bounded channel between the connection and the call that reads them on a blocking
//! thread, so that a call which is slow slows the client down. The call meets the body's end only when all of
//! it came: a client that leaves in the middle is an error to it, never an end.
//!
//! A client has to send at the pace that the box asks of update servers ([`Pace`]); the time that the box
//! itself takes does not count. When the call ends early, what is left of the body is read and dropped for a
//! while: many clients see the answer only after they have sent all.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use ota_core::transfer::{Pace, Transfer};
use ota_core::trust::Refusal;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::blocking;
use crate::problem::{Problem, ProblemResult, Slug};

/// Pieces that may wait to be read; each is what the connection had at once, some dozens of KiB.
const WAITING: usize = 8;
/// How long, and how many bytes, are read of a body that nobody wants any more.
const LEFT_OVER: (Duration, u64) = (Duration::from_secs(20), 256 << 20);

enum Piece {
    Bytes(Bytes),
    End,
}

/// The side of the call that reads.
pub(crate) struct Upload {
    pieces: Receiver<Piece>,
    piece: Bytes,
    ended: bool,
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.piece = bytes,
                Some(Piece::End) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the upload broke off")),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Hands a body of at most `limit` bytes to a call on a blocking thread, and gives what the call returns.
pub(crate) async fn stream<T, E>(
    headers: &HeaderMap,
    mut body: Body,
    limit: u64,
    call: impl FnOnce(&mut Upload) -> Result<T, E> + Send + 'static,
) -> ProblemResult<T>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        drop_rest(&mut body).await;
        return Err(too_large(limit));
    }
    let (sender, pieces) = channel(WAITING);
    let mut upload = Upload { pieces, piece: Bytes::new(), ended: false };
    let (sent, called) = tokio::join!(
        send(&mut body, sender, limit, Pace::default()),
        blocking::run(move || call(&mut upload).map_err(Into::into)),
    );
    // What was wrong with the body is why the call failed; what else it says of that is a consequence.
    let problem = match (sent, called?) {
        (_, Ok(done)) => return Ok(done),
        (Err(problem), Err(_)) | (Ok(()), Err(problem)) => problem,
    };
    // Of a client that does not send, nothing is left to be read.
    if problem.slug() != Slug::InvalidRequest {
        drop_rest(&mut body).await;
    }
    Err(problem)
}

/// Sends the body's pieces until its end, or until nobody reads any more.
async fn send(body: &mut Body, to: Sender<Piece>, limit: u64, pace: Pace) -> ProblemResult<()> {
    // A clock that runs only while the client is waited for.
    let mut waited = Duration::ZERO;
    let mut transfer = Transfer::begin(limit, pace, waited);
    loop {
        let asked = Instant::now();
        let frame = tokio::select! {
            () = to.closed() => return Ok(()),
            frame = tokio::time::timeout(pace.window, body.frame()) => frame,
        };
        waited += asked.elapsed();
        let bytes = match frame {
            Err(_) => return Err(too_slow(pace)),
            Ok(None) => {
                // Nobody reads any more when this fails, which is no fault of the body.
                let _ = to.send(Piece::End).await;
                return Ok(());
            }
            Ok(Some(Err(_))) => {
                return Err(Problem::new(Slug::InvalidRequest, "The file could not be read to its end."));
            }
            // Trailers say nothing here.
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        };
        transfer.received(bytes.len() as u64, waited).map_err(|refusal| match refusal {
            Refusal::EndlessResponse { .. } => too_large(limit),
            _ => too_slow(pace),
        })?;
        if to.send(Piece::Bytes(bytes)).await.is_err() {
            return Ok(());
        }
    }
}

async fn drop_rest(body: &mut Body) {
    let (time, mut left) = LEFT_OVER;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whoever has not sent it by then is cut off.
    let _ = tokio::time::timeout(time, reading).await;
}

fn too_large(limit: u64) -> Problem {
    let mebibytes = limit >> 20;
    Problem::new(
        Slug::PayloadTooLarge,
        format!("The file is larger than {limit} bytes ({mebibytes} MiB), the most that is taken here."),
    )
    .with_next("Check that it is the right file.")
}

fn too_slow(pace: Pace) -> Problem {
    let (kibibytes, seconds) = (pace.bytes >> 10, pace.window.as_secs());
    let detail = format!("The file came too slowly: fewer than {kibibytes} KiB in {seconds} seconds.");
    Problem::new(Slug::InvalidRequest, detail).with_next("Send it again over a better connection.")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    fn pieces(lengths: &[usize]) -> Body {
        let pieces: Vec<_> =
            lengths.iter().map(|length| Ok::<_, Infallible>(Bytes::from(vec![7_u8; *length]))).collect();
        Body::from_stream(stream::iter(pieces))
    }

    async fn read(body: Body, limit: u64) -> ProblemResult<usize> {
        stream(&HeaderMap::new(), body, limit, |upload| {
            let mut read = Vec::new();
            match upload.read_to_end(&mut read) {
                Ok(length) => Ok(length),
                Err(error) => Err(Problem::new(Slug::Internal, error.to_string())),
            }
        })
        .await
    }

    #[tokio::test]
    async fn all_of_it_arrives_also_in_empty_pieces() {
        assert_eq!(read(pieces(&[3, 0, 100_000, 1]), 100_004).await.unwrap(), 100_004);
        assert_eq!(read(pieces(&[]), 0).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn one_byte_too_many_is_told() {
        assert_eq!(read(pieces(&[4, 1]), 4).await.unwrap_err().slug(), Slug::PayloadTooLarge);
    }

    #[tokio::test]
    async fn a_call_that_has_enough_ends_it_with_its_own_answer() {
        let headers = HeaderMap::new();
        let answer = stream(&headers, pieces(&[1_000; 1_000]), 1 << 30, |_| {
            Err::<(), _>(Problem::new(Slug::UpdateRefused, "no"))
        });
        assert_eq!(answer.await.unwrap_err().slug(), Slug::UpdateRefused);
    }

    #[tokio::test]
    async fn a_client_that_leaves_is_no_end() {
        let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::other("gone"))]);
        assert_eq!(read(Body::from_stream(broken), 100).await.unwrap_err().slug(), Slug::InvalidRequest);

        let (sender, pieces) = channel(1);
        let mut upload = Upload { pieces, piece: Bytes::new(), ended: false };
        sender.send(Piece::Bytes(Bytes::from_static(b"half"))).await.unwrap();
        drop(sender);
        let read = tokio::task::spawn_blocking(move || upload.read_to_end(&mut Vec::new()));
        assert_eq!(read.await.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_client_that_sends_nothing_is_not_waited_for() {
        let mut silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let (sender, _pieces) = channel(1);
        let pace = Pace { bytes: 1, window: Duration::from_millis(1) };
        let told = send(&mut silent, sender, 100, pace).await.unwrap_err();
        assert_eq!(told.slug(), Slug::InvalidRequest);
    }
}

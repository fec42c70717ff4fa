//! A client's link and a connection to a peer that have become one (RFC 6062 §5.5): what comes from one goes to the other as it is.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::links::Outlet;
use super::neighbours::Call;
use super::service::Turn;
use crate::pulse::{Order, Pulse};
use crate::socket::Socket;

/// Bytes that are taken from one side before the other has taken them.
const PIECE: usize = 16 * 1024;

/// How long one side may still speak when the other has ended: then the one's end is the other's (RFC 6062 §5.5).
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What a link becomes one with.
pub(crate) struct Splice {
    pub(crate) stream: TcpStream,
    pub(crate) call: Call,
}

/// Which way bytes go.
#[derive(Clone, Copy)]
enum Way {
    ToPeer,
    ToClient,
}

/// Passes bytes both ways until both sides have said all, one fails, or the link is told to end. `first` is what had been read of
/// the link already.
pub(crate) async fn run(
    turn: &Rc<Turn>,
    splice: Splice,
    socket: Socket,
    first: &[u8],
    (outlet, pulse): (&Outlet, &Pulse),
) {
    let Splice { stream, call } = splice;
    let (from_client, to_client) = tokio::io::split(socket);
    let (from_peer, mut to_peer) = stream.into_split();
    let there = async {
        to_peer.write_all(first).await?;
        turn.passed(call, first.len() as u64, 0).await;
        pass(turn, call, Way::ToPeer, from_client, to_peer).await
    };
    let back = pass(turn, call, Way::ToClient, from_peer, to_client);
    let told = poll_fn(|cx| {
        outlet.wait(cx.waker());
        let is_told = outlet.is_cut() || pulse.order(cx) != Order::Live;
        if is_told { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::select! {
        () = both(there, back) => {}
        () = told => {}
    }
    turn.splice_ended(call);
}

/// Until both are done, or one has failed. When one side has said all, the other has a while for its last words.
async fn both(there: impl Future<Output = io::Result<()>>, back: impl Future<Output = io::Result<()>>) {
    let (mut there, mut back) = (Box::pin(there), Box::pin(back));
    let (ended, last): (_, Pin<&mut dyn Future<Output = io::Result<()>>>) = tokio::select! {
        ended = &mut there => (ended, back.as_mut()),
        ended = &mut back => (ended, there.as_mut()),
    };
    if ended.is_err() {
        return;
    }
    let _ = tokio::time::timeout(LAST_WORDS, last).await;
}

/// Passes bytes one way until there are no more, and says so to the other side.
async fn pass(
    turn: &Rc<Turn>,
    call: Call,
    way: Way,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..count]).await?;
        to.flush().await?;
        let (to_peer, to_client) = match way {
            Way::ToPeer => (count as u64, 0),
            Way::ToClient => (0, count as u64),
        };
        let rest_ms = turn.passed(call, to_peer, to_client).await;
        if rest_ms > 0 {
            tokio::time::sleep(Duration::from_millis(rest_ms)).await;
        }
    }
}

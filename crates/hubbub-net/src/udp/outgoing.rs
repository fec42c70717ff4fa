//! What goes out: datagrams are gathered while a batch is handled, and leave together at its end.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;

use socket2::{MsgHdr, SockAddr, SockRef};

use super::bind::may_fragment;
use super::control::Control;

/// Datagrams that one call may send (`UDP_MAX_SEGMENTS` of Linux before 6.9).
const RUN: usize = 64;
/// Bytes that one call may send.
const RUN_BYTES: usize = 65_000;
/// Zeros to pad with.
const ZEROS: [u8; 4] = [0; 4];

/// A datagram to send: some bytes of our own, then a part of what came in, then zeros.
#[derive(Debug, Clone)]
pub(crate) struct Datagram<'a, S> {
    /// By which socket.
    pub(crate) by: S,
    /// From which of its addresses, if it has several.
    pub(crate) from: Option<IpAddr>,
    /// To whom.
    pub(crate) to: SocketAddr,
    /// What comes first.
    pub(crate) head: &'a [u8],
    /// Where the rest is in what came in.
    pub(crate) body: Range<usize>,
    /// How many zeros follow, 0 to 3.
    pub(crate) padding: u8,
    /// Whether it must not be fragmented.
    pub(crate) whole: bool,
}

/// Datagrams that wait for the end of a batch. `S` names sockets.
pub(crate) struct Outgoing<S> {
    items: Vec<Item>,
    runs: Vec<Run<S>>,
    /// The last run of each flow.
    last: HashMap<(S, SocketAddr), u32, foldhash::fast::RandomState>,
    heads: Vec<u8>,
    control: Control,
}

struct Item {
    head: Range<u32>,
    body: Range<u32>,
    padding: u8,
    next: u32,
}

/// Datagrams of one flow, all as long as the first but the last, which may be shorter.
struct Run<S> {
    by: S,
    from: Option<IpAddr>,
    to: SocketAddr,
    whole: bool,
    segment: usize,
    bytes: usize,
    count: usize,
    is_closed: bool,
    first: u32,
    last: u32,
}

/// No item.
const NONE: u32 = u32::MAX;

impl<S: Copy + Eq + Hash> Outgoing<S> {
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            runs: Vec::new(),
            last: HashMap::default(),
            heads: Vec::new(),
            control: Control::default(),
        }
    }

    /// Adds a datagram behind those of its flow.
    pub(crate) fn push(&mut self, datagram: Datagram<'_, S>) {
        let Datagram { by, from, to, head, body, padding, whole } = datagram;
        let bytes = head.len() + body.len() + usize::from(padding);
        let start = self.heads.len() as u32;
        self.heads.extend_from_slice(head);
        let index = self.items.len() as u32;
        let (head, body) = (start..self.heads.len() as u32, body.start as u32..body.end as u32);
        self.items.push(Item { head, body, padding, next: NONE });
        if let Some(run) = self.open_run(by, to).filter(|run| run.takes(from, whole, bytes)) {
            let before = std::mem::replace(&mut run.last, index);
            run.bytes += bytes;
            run.count += 1;
            run.is_closed = bytes < run.segment;
            self.items[before as usize].next = index;
            return;
        }
        let run = Run {
            by,
            from,
            to,
            whole,
            segment: bytes,
            bytes,
            count: 1,
            // One of nothing cannot be told from the end of a run.
            is_closed: bytes == 0,
            first: index,
            last: index,
        };
        self.last.insert((by, to), self.runs.len() as u32);
        self.runs.push(run);
    }

    /// The run that a flow's next datagram may join.
    fn open_run(&mut self, by: S, to: SocketAddr) -> Option<&mut Run<S>> {
        // Most often it is the one before.
        let is_last = self.runs.last().is_some_and(|run| run.by == by && run.to == to);
        let index = if is_last { self.runs.len() - 1 } else { *self.last.get(&(by, to))? as usize };
        self.runs.get_mut(index)
    }

    /// Sends all; `source` is what came in. Gives how many could not be sent.
    pub(crate) fn flush<'s>(&mut self, source: &[u8], socket: impl Fn(S) -> Option<&'s UdpSocket>) -> u64 {
        let Self { items, runs, last, heads, control } = self;
        let mut slices = Vec::with_capacity(if runs.is_empty() { 0 } else { 2 * RUN });
        let mut lost = 0;
        for run in &*runs {
            let Some(socket) = socket(run.by) else { continue };
            slices.clear();
            let mut next = run.first;
            while let Some(item) = items.get(next as usize) {
                item.lay_out(heads, source, &mut slices);
                next = item.next;
            }
            lost += run.send(socket, &slices, control);
        }
        items.clear();
        runs.clear();
        last.clear();
        heads.clear();
        lost
    }
}

impl Item {
    fn lay_out<'a>(&self, heads: &'a [u8], source: &'a [u8], slices: &mut Vec<IoSlice<'a>>) {
        let head = &heads[self.head.start as usize..self.head.end as usize];
        let body = &source[self.body.start as usize..self.body.end as usize];
        let pieces = [head, body, &ZEROS[..usize::from(self.padding)]];
        slices.extend(pieces.into_iter().filter(|piece| !piece.is_empty()).map(IoSlice::new));
    }
}

impl<S> Run<S> {
    fn takes(&self, from: Option<IpAddr>, whole: bool, bytes: usize) -> bool {
        !self.is_closed
            && !whole
            && !self.whole
            && self.from == from
            && bytes <= self.segment
            && bytes > 0
            && self.count < RUN
            && self.bytes + bytes <= RUN_BYTES
    }

    /// Gives how many of its datagrams could not be sent: what does not fit into a socket is lost, as on any full link.
    fn send(&self, socket: &UdpSocket, slices: &[IoSlice<'_>], control: &mut Control) -> u64 {
        if self.whole {
            // Rare: nearly nobody asks for it.
            let _ = may_fragment(socket, self.to.is_ipv4(), false);
        }
        let sent = self.try_send(socket, slices, self.count > 1, control);
        if self.whole {
            let _ = may_fragment(socket, self.to.is_ipv4(), true);
        }
        match sent {
            Ok(()) => 0,
            // The device cannot cut them, or they are longer than it can carry whole: one by one, then.
            Err(error) if self.count > 1 && error.kind() != io::ErrorKind::WouldBlock => {
                self.one_by_one(slices)
                    .filter(|one| self.try_send(socket, one, false, control).is_err())
                    .count() as u64
            }
            Err(_) => self.count as u64,
        }
    }

    /// The pieces of each datagram.
    fn one_by_one<'a, 'b>(&self, mut slices: &'a [IoSlice<'b>]) -> impl Iterator<Item = &'a [IoSlice<'b>]> {
        let segment = self.segment;
        std::iter::from_fn(move || {
            let mut bytes = 0;
            let pieces = slices.iter().take_while(|piece| {
                let before = bytes;
                bytes += piece.len();
                before < segment
            });
            let (one, rest) = slices.split_at(pieces.count());
            slices = rest;
            (!one.is_empty()).then_some(one)
        })
    }

    fn try_send(
        &self,
        socket: &UdpSocket,
        slices: &[IoSlice<'_>],
        is_run: bool,
        control: &mut Control,
    ) -> io::Result<()> {
        control.clear();
        if is_run {
            control.segments(self.segment as u16);
        }
        if let Some(ip) = self.from {
            control.source(ip);
        }
        let to = SockAddr::from(self.to);
        let mut message = MsgHdr::new().with_addr(&to).with_buffers(slices);
        if !control.bytes().is_empty() {
            message = message.with_control(control.bytes());
        }
        let send = || SockRef::from(socket).sendmsg(&message, libc::MSG_DONTWAIT).map(drop);
        match send() {
            // What was said of an earlier datagram is told to the next (`ip(7)`, IP_RECVERR): it has not been tried.
            Err(error) if is_about_another(&error) => send(),
            sent => sent,
        }
    }
}

fn is_about_another(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable)
        || matches!(
            error.raw_os_error(),
            Some(libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN | libc::EACCES)
        )
}

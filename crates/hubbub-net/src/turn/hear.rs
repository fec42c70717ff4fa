//! What one worker does at the word of another.

use hubbub_turn::{ConnectionId, Now, Out};
use tokio::net::TcpStream;

use super::carry::Packet;
use super::neighbours::Word;
use super::service::Inner;
use super::splice::Splice;

impl Inner {
    /// Does what another worker has said.
    pub(super) fn hear(&mut self, word: Word, now: Now) {
        match word {
            Word::Packet { from, via, packet } => {
                let packet = Packet { source: &packet, place: 0..packet.len() };
                self.server.handle_moved(from, via, packet.bytes(), now, &mut self.outs);
                let tells = |out: &Out| matches!(out, Out::Redirect { .. });
                if self.outs.iter().any(tells) {
                    // A client that hears of it first would send more to a worker that knows nothing of it.
                    self.outs.sort_by_key(|out| !tells(out));
                    self.carrier.via = Some(via);
                }
                self.finish(&packet, now);
                self.carrier.via = None;
            }
            Word::Answer { to, message } => {
                self.carrier.send_to_client(to, &message, 0..0, 0, &Packet::NONE);
                self.finish(&Packet::NONE, now);
            }
            Word::Redirect { client, worker, until_ms } => {
                self.server.redirect(client, worker, until_ms, now)
            }
            Word::LinkGone { client } => {
                self.server.link_gone(&client, &mut self.outs);
                self.finish(&Packet::NONE, now);
            }
            Word::Send { link, message } => {
                self.carrier.dropped += u64::from(!self.carrier.links.send(link, [&message, &[], &[]]));
            }
            Word::Splice { link, stream, call } => {
                let stream = TcpStream::from_std(stream).ok();
                let lost =
                    stream.map(|stream| self.carrier.links.splice(link, Splice { stream, call }).is_err());
                if lost.unwrap_or(true) {
                    let _ =
                        self.carrier.neighbours.tell(call.home, Word::Gone { connection: call.connection });
                }
            }
            Word::Cut { link } => self.carrier.links.cut(link),
            Word::Passed { connection, to_peer, to_client, rest_ms } => {
                let _ = rest_ms.send(self.server.tcp_passed(connection, to_peer, to_client, now));
            }
            Word::Gone { connection } => self.gone(connection, now),
        }
    }

    /// A connection to a peer has ended.
    pub(super) fn gone(&mut self, connection: ConnectionId, now: Now) {
        self.carrier.calls.end(connection);
        self.server.tcp_gone(connection, now, &mut self.outs);
        self.finish(&Packet::NONE, now);
    }
}

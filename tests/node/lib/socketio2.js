// People on socket.io-client 2.x, which speaks Engine.IO 3 and Socket.IO 4.
import io from "socket.io-client-2";
import { leavesAfterwards } from "./leaving.js";
import { Visitor } from "./socketio.js";

/** A client's socket, on a connection of its own. */
export function knock2(server, namespace, options = {}) {
  const socket = io(server.base + namespace, { forceNew: true, reconnection: false, ...options });
  leavesAfterwards(() => socket.io.reconnection(false).engine.close());
  return socket;
}

/** A visitor who is in. */
export async function visit2(server, namespace, options = {}) {
  const visitor = new Visitor2(knock2(server, namespace, options));
  await visitor.connected();
  if (namespace !== "/") visitor.joined = await visitor.told("joined");
  return visitor;
}

/** As `Visitor`, but this client has no `onAny`, no `emitWithAck`, and calls an application's listeners one event at a time. */
export class Visitor2 extends Visitor {
  constructor(socket) {
    socket.onAny = (heard) => {
      const { onevent } = socket;
      socket.onevent = (packet) => {
        heard(...packet.data);
        onevent.call(socket, packet);
      };
    };
    super(socket);
  }

  ask(...event) {
    return new Promise((resolve) => this.socket.emit(...event, resolve));
  }
}

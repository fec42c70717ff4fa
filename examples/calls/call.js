// A call between two people: "perfect negotiation" (W3C WebRTC 1.0, section 10.7) over whatever carries their signals.
//
//   const talk = call(signalling, "bo@guest.localhost/s0.12.34", { iceServers, polite: false });
//   for (const track of stream.getTracks()) talk.connection.addTrack(track, stream);
//   talk.connection.ontrack = ({ streams: [theirs] }) => (video.srcObject = theirs);
//   talk.addEventListener("over", ({ detail: reason }) => …);
//
// `signalling` is one of signalling.js. Of the two ends one is polite (who was called): when both offer at once, his offer gives way.
// Tracks and channels may be added and removed at any time, by both: the two ends negotiate by themselves. Other than in the example of
// section 10.7, an offer may be set only when it is answered: see `PROPOSES`.

const BLIP = 2_000; // milliseconds without a way to the other after which another way is looked for
const PATIENCE = 60_000; // milliseconds without one after which the call is over
const EARLY = 100; // candidates that are kept for a description which has not come yet

export const AGAIN = 3_000; // milliseconds until something is said again that was refused for now
/** Whether the server says that one of the two has said, or is told, too much at once. */
export const isForNow = ({ status }) => status === 429 || status === 503;

/**
 * Whether offers are set only when they are answered, if they are the polite end's or the call stands. In Chromium it must be so: after a
 * rollback it goes on to decode the other's picture and no longer shows it; and with what it gathers for a restart it tries the other's old
 * candidates until it hears of new ones, and stays with such a pair, by which Firefox gets nothing. Firefox (its `vendor` is empty) has
 * neither flaw, and lets the other know its new candidates at once.
 */
const PROPOSES = globalThis.navigator?.vendor !== "";

/** A call with `to`; both ends know it by `id`. Whatever else is given goes to the `RTCPeerConnection`. */
export const call = (signalling, to, { id = crypto.randomUUID(), polite = false, ...configuration } = {}) =>
  new Call(signalling, to, id, polite, configuration);

/** All that an address says of who it is. An occupant's, in a room that hides its people (`hiding` has the rooms' addresses), stays whole. */
export const person = (address) => (hiding.has(address.split("/", 1)[0]) ? address : address.split("/", 1)[0]);
export const hiding = new Set();

/**
 * An offer that says which end of DTLS we are, once that is agreed on, and does not leave it open (RFC 8842): Firefox would take the
 * other role when it answers an ICE restart, and the two would not understand each other.
 */
function withRole(sdp, { currentLocalDescription: ours, currentRemoteDescription: theirs }) {
  const answer = [ours, theirs].find((description) => description?.type === "answer");
  if (!answer) return sdp;
  const answered = /^a=setup:(\w+)/m.exec(answer.sdp)?.[1];
  if (!answered) return sdp; // nothing of what was offered has been taken
  const role = (answer === ours) === (answered === "active") ? "active" : "passive";
  return sdp.replaceAll("a=setup:actpass", `a=setup:${role}`);
}

/** Whether a candidate is of this description: of another one there is another name after each restart (RFC 8839, section 5.4). */
const isOf = ({ sdp }, { usernameFragment: name }) => !name || sdp.split(/\r?\n/).includes(`a=ice-ufrag:${name}`);

/** By which certificates somebody is known who describes himself so (RFC 8122, section 5): every line that speaks of one, in one spelling. */
const certificates = ({ sdp }) => sdp.toLowerCase().split(/[\r\n]+/).filter((line) => line.includes("fingerprint"));

/** Events: "over" with the reason, and "complaint" with an error that the browser had with what the other said. */
class Call extends EventTarget {
  #signalling;
  #to;
  #page; // where he was heard last
  #others = new Set(); // pages of his that have taken the call after another one had
  #polite;
  #order = Promise.resolve(); // one description or candidate after the other
  #proposal; // an offer that is not set until it is answered
  #round = 0; // counts our offers, so that one that is said twice is known
  #answer = {}; // our last answer, and the round of the offer that it is for
  #ignoring = false;
  #certificates = []; // by which the other is known
  #early = []; // candidates of a description that is not in force, or not yet
  #unheard = new Set(); // signals that nobody has confirmed yet, in their order
  #ended = new AbortController();
  #blip;
  #patience;
  #again; // while something waits to be said again

  constructor(signalling, to, id, polite, configuration) {
    super();
    Object.assign(this, { id, connection: new RTCPeerConnection(configuration) });
    [this.#signalling, this.#to, this.#page, this.#polite] = [signalling, to, to, polite];
    this.connection.onnegotiationneeded = () => this.#inOrder(() => this.#offer());
    this.connection.onicecandidate = ({ candidate }) => this.#say({ candidate: candidate && candidate.toJSON() });
    this.connection.onconnectionstatechange = () => this.#watch();
    const { signal } = this.#ended;
    signalling.addEventListener("signal", ({ detail }) => this.#hear(detail), { signal });
    signalling.addEventListener("joined", () => this.#comeBack(), { signal });
    this.#watch(); // one that does not come about is over some time, too
  }

  /** Looks for another way to the other, as when the network has changed: an ICE restart, and another connection for signals. */
  restart() {
    this.#signalling.renew();
    this.connection.restartIce(); // negotiationneeded follows
  }

  hangUp(reason = "hangup") {
    if (this.#isOver) return;
    this.#say({ bye: reason });
    this.#end(reason);
  }

  get #isOver() {
    return this.#ended.signal.aborted;
  }

  #end(reason) {
    this.#ended.abort();
    [this.#blip, this.#patience].forEach(clearTimeout);
    this.connection.close();
    this.dispatchEvent(new CustomEvent("over", { detail: reason }));
  }

  #watch() {
    const { connectionState } = this.connection;
    clearTimeout(this.#blip);
    if (connectionState === "connected") this.#patience = clearTimeout(this.#patience);
    else this.#patience ??= setTimeout(() => this.hangUp("lost"), PATIENCE);
    if (connectionState === "disconnected") this.#blip = setTimeout(() => this.restart(), BLIP);
    if (connectionState === "failed") this.restart();
  }

  #inOrder(act) {
    const complain = (error) => this.#isOver || this.dispatchEvent(new CustomEvent("complaint", { detail: error }));
    this.#order = this.#order.then(() => this.#isOver || act()).catch(complain);
  }

  get #isOffering() {
    return Boolean(this.#proposal) || this.connection.signalingState === "have-local-offer";
  }

  async #offer() {
    if (this.#isOffering) return; // the browser asks again, if it is still needed then
    const isLater = this.#polite || this.connection.currentRemoteDescription;
    if (PROPOSES && isLater) this.#proposal = await this.connection.createOffer();
    else await this.connection.setLocalDescription();
    this.#round += 1;
    this.#sayOffer();
  }

  #sayOffer() {
    const { type, sdp } = this.#proposal ?? this.connection.localDescription;
    this.#say({ description: { type, sdp: withRole(sdp, this.connection) }, round: this.#round });
  }

  #hear({ from, signal }) {
    if (signal?.call !== this.id || person(from) !== person(this.#to) || this.#others.has(from)) return;
    if (signal.accept) return void (from === this.#page || this.#others.add(from));
    if (signal.bye) return this.#isMeant(signal.bye) && this.#end(signal.bye);
    const isElsewhere = from !== this.#to;
    this.#to = this.#page = from;
    if (signal.description?.type === "offer") this.#inOrder(() => this.#consider(signal));
    if (signal.description?.type === "answer") this.#inOrder(() => this.#take(signal));
    if ("candidate" in signal) this.#inOrder(() => this.#add(signal.candidate));
    if (isElsewhere || signal.here) this.#inOrder(() => this.#repeat());
  }

  /** That another page has the call is for those that have taken it, too, and wait for the one who rang. */
  #isMeant(bye) {
    return bye !== "elsewhere" || (this.#polite && !this.connection.remoteDescription);
  }

  async #consider({ description, round }) {
    if (round !== undefined && round === this.#answer.round && this.#isKnown(description)) return this.#sayTwice();
    this.#ignoring = this.#isOffering && !this.#polite;
    if (this.#ignoring) return;
    this.#proposal = undefined; // the browser asks again
    await this.#describe(description);
    await this.connection.setLocalDescription();
    const { type, sdp } = this.connection.localDescription;
    this.#answer = { description: { type, sdp }, round };
    this.#say(this.#answer);
  }

  /** He still waits for an answer; and as long as he did, he has ignored what we offered. */
  #sayTwice() {
    this.#say(this.#answer);
    if (this.#isOffering) this.#sayOffer();
  }

  async #take({ description, round = this.#round }) {
    this.#ignoring = false;
    if (!this.#isOffering || round !== this.#round) return; // another answer to an offer that was said twice
    const proposal = this.#proposal;
    this.#proposal = undefined;
    if (proposal) await this.connection.setLocalDescription(proposal);
    await this.#describe(description);
  }

  /**
   * A page keeps its certificate for as long as a connection lasts. Whoever shows another one has come by the other's name or address, and is
   * somebody else: the call is over, and whoever was there before is told so.
   */
  async #describe(description) {
    if (this.#certificates.length === 0) this.#certificates = certificates(description);
    if (!this.#isKnown(description)) {
      this.#to = person(this.#to);
      return this.hangUp("certificate");
    }
    await this.connection.setRemoteDescription(description);
    for (const candidate of this.#early.splice(0)) await this.#add(candidate);
  }

  #isKnown(description) {
    return certificates(description).every((one) => this.#certificates.includes(one));
  }

  /**
   * `null`: there are no more. What had to be said anew may come after what was said later: a candidate waits for its description, which
   * a browser would not let pass before (W3C WebRTC 1.0, `addIceCandidate`). One of an offer that did not count waits in vain, and those
   * of an offer that is ignored may bear the name of the one before: they cannot be taken, and need not be.
   */
  async #add(candidate) {
    const { remoteDescription } = this.connection;
    if (!remoteDescription || (candidate && !isOf(remoteDescription, candidate))) {
      this.#early = [...this.#early, candidate].slice(-EARLY);
      return;
    }
    await this.connection.addIceCandidate(candidate).catch((error) => {
      if (!this.#ignoring) throw error;
    });
  }

  #say(words) {
    const signal = { call: this.id, ...words };
    this.#unheard.add(signal);
    this.#send(signal);
  }

  /**
   * To the page where he was last, else to all he has. What reaches none is sent when one of the two has come back, and what is too much for
   * now a little later.
   */
  async #send(signal) {
    try {
      await this.#signalling.send(this.#to, signal).catch((refusal) => {
        if (refusal.status !== 404) throw refusal;
        return this.#signalling.send(person(this.#to), signal);
      });
      this.#unheard.delete(signal);
    } catch (refusal) {
      if (isForNow(refusal)) this.#again ??= setTimeout(() => this.#sayAgain(), AGAIN);
    }
  }

  #sayAgain() {
    this.#again = undefined;
    if (!this.#isOver) return this.#inOrder(() => this.#repeat());
    const last = [...this.#unheard].find(({ bye }) => bye);
    if (last) this.#send(last);
  }

  /** Our connection for signals is back, perhaps under another address. So may his be: until he is heard again, all his pages are told. */
  #comeBack() {
    this.#to = person(this.#to);
    this.#send({ call: this.id, here: true });
    this.#inOrder(() => this.#repeat());
  }

  /** Says again what may have been lost while one of the two was away; our offer, until it is answered, also if it seemed to arrive. */
  #repeat() {
    const isOurs = ({ description, round }) => description?.type === "offer" && this.#isOffering && round === this.#round;
    for (const signal of this.#unheard) if (signal.description?.type === "offer" && !isOurs(signal)) this.#unheard.delete(signal);
    const unheard = [...this.#unheard];
    if (this.#isOffering && !unheard.some(isOurs)) this.#sayOffer();
    unheard.forEach((signal) => this.#send(signal));
  }
}

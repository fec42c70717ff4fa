// Files on their way from person to person: offers, how far each is, and what came of it.
import { savedName, shownName, size } from "../files/names";
import { type State, isOver } from "../files/progress";
import type { Transfer } from "../files/transfers";
import { figures, said } from "../files/words";
import { session, view } from "./console";
import { GuestNote } from "./guestnote";
import { torrents, transfers } from "./sharing";
import { ShareRow } from "./torrents";

/** Above the field where messages are written. */
export function FileTray() {
  const all = transfers.list.value.toSorted((a, b) => rank(a) - rank(b));
  // What is in the room already stands there.
  const unsaid = torrents.list.value.filter(({ infoHash }) => infoHash === undefined);
  return (
    <>
      <p class="offscreen" role="status">
        {transfers.list.value.map(said).filter(Boolean).at(-1)}
      </p>
      <section class="tray" aria-label="Files" data-testid="tray" hidden={all.length + unsaid.length === 0}>
        <ul class="tray-list">
          {all.map((transfer) => (
            <TransferRow key={transfer.key} transfer={transfer} />
          ))}
          {unsaid.map((share) => (
            <ShareRow key={share.key} share={share} />
          ))}
        </ul>
      </section>
    </>
  );
}

/** What waits for an answer comes first, and last what is over. */
function rank({ way, progress }: Transfer): number {
  if (isOver(progress)) return 2;
  return way === "in" && progress.state === "offered" ? 0 : 1;
}

/** States in which there is something to see of how far it is. */
const MEASURED: readonly State[] = ["moving", "cut", "checking", "whole"];

function TransferRow({ transfer }: { readonly transfer: Transfer }) {
  const { offer, progress, way, name, person } = transfer;
  const { state, bytes, sum, resumedFrom } = progress;
  const isOffer = way === "in" && state === "offered";
  return (
    <li
      class="transfer"
      data-testid={isOffer ? "file-offer" : "file-transfer"}
      data-way={way}
      data-state={state}
      data-person={person}
      data-bytes={bytes}
      data-size={offer.size}
      data-resumed-from={resumedFrom}
      data-sum={sum}
    >
      <p class="transfer-head">
        <bdi class="transfer-name" data-testid="file-name">
          {shownName(offer.name)}
        </bdi>
        <span class="transfer-what">
          {size(offer.size)} {way === "out" ? "to" : "from"} {name}
          {isOffer && <GuestNote person={person} />}
        </span>
      </p>
      {MEASURED.includes(state) && <Bar transfer={transfer} />}
      <p class="transfer-state" data-testid="file-state" data-state={state}>
        {figures(transfer)}
      </p>
      {sum && (
        <p class="transfer-sum" data-testid="file-sum">
          SHA-256 <code>{sum}</code>
        </p>
      )}
      <Choices transfer={transfer} isOffer={isOffer} />
    </li>
  );
}

function Bar({ transfer: { offer, progress } }: { readonly transfer: Transfer }) {
  // An empty file is there as soon as it is accepted.
  const whole = Math.max(1, offer.size);
  const done = progress.state === "whole" ? whole : progress.bytes;
  return (
    <progress class="bar" data-testid="file-progress" data-state={progress.state} max={whole} value={done} aria-label={`${shownName(offer.name)}: how far it is`} />
  );
}

function Choices({ transfer, isOffer }: { readonly transfer: Transfer; readonly isOffer: boolean }) {
  const { key, way, url, offer, progress } = transfer;
  const { state } = progress;
  return (
    <div class="transfer-choices">
      {isOffer && (
        <button type="button" class="button small primary" data-testid="file-accept" onClick={() => transfers.accept(key)}>
          Accept
        </button>
      )}
      {url && (
        <a class="button small primary" data-testid="file-save" href={url} download={savedName(offer.name)}>
          Save
        </a>
      )}
      {way === "out" && (state === "cut" || state === "failed" || state === "differs") && (
        <button type="button" class="button small" data-testid="file-again" onClick={() => transfers.again(key)}>
          {state === "cut" ? "Try now" : "Offer again"}
        </button>
      )}
      {isOver(progress) ? (
        <button type="button" class="button small" data-testid="file-dismiss" onClick={() => transfers.dismiss(key)}>
          Remove
        </button>
      ) : (
        <button type="button" class="button small" data-testid={isOffer ? "file-decline" : "file-cancel"} onClick={() => transfers.stop(key)}>
          {isOffer ? "Decline" : "Cancel"}
        </button>
      )}
      <span class="offscreen">{shownName(offer.name)}</span>
    </div>
  );
}

/** On a phone another view may be open while somebody offers something. */
export function OfferNote() {
  const offers = transfers.list.value.filter(({ way, progress }) => way === "in" && progress.state === "offered");
  const [first] = offers;
  if (!first || session.settings.value === undefined || view.value === "chat") return null;
  return (
    <button type="button" class="offer-note" data-testid="offer-note" onClick={() => (view.value = "chat")}>
      {first.name} wants to send you {offers.length === 1 ? shownName(first.offer.name) : `${offers.length} files`}
    </button>
  );
}

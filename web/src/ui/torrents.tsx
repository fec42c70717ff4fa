// Torrents: in the conversation where a link was said, and above the field while an own file is being read.
import { duration, savedName, shownName, size } from "../files/names";
import { canShare, TRACKER } from "../torrents/client";
import { type Magnet, writeMagnet } from "../torrents/magnet";
import type { Share } from "../torrents/torrents";
import { torrents } from "./sharing";

/** In place of a link that was said: what it leads to, and what this page does about it. */
export function TorrentCard({ magnet }: { readonly magnet: Magnet }) {
  const share = torrents.list.value.find(({ infoHash }) => infoHash === magnet.infoHash);
  const name = shownName(share?.name ?? (magnet.name || "a torrent"));
  const whole = share?.size ?? magnet.size;
  return (
    <span class="torrent" data-testid="torrent" data-hash={magnet.infoHash} data-state={share?.state ?? "offered"} data-peers={share?.peers}>
      <span class="transfer-head">
        <bdi class="transfer-name" data-testid="torrent-name">
          {name}
        </bdi>
        {whole !== undefined && (
          <span class="transfer-what" data-testid="torrent-size">
            {size(whole)}
          </span>
        )}
      </span>
      {share && <ShareBar share={share} />}
      <span class="transfer-state" data-testid="torrent-state">
        {share ? stateOf(share) : canShare ? "Shared by WebTorrent." : "Shared by WebTorrent, which works only on pages that came by HTTPS."}
      </span>
      <span class="transfer-choices">
        <Choices magnet={magnet} share={share} />
        <a class="magnet-link" data-testid="torrent-magnet" href={writeMagnet(magnet, TRACKER)}>
          Magnet link
        </a>
      </span>
    </span>
  );
}

function Choices({ magnet, share }: { readonly magnet: Magnet; readonly share: Share | undefined }) {
  if (!share || share.state === "failed" || share.state === "larger") {
    const fetch = () => {
      if (share) torrents.stop(share.key);
      // What it really is was shown meanwhile.
      void torrents.fetch(share?.state === "larger" ? { ...magnet, ...(share.size === undefined ? {} : { size: share.size }) } : magnet);
    };
    return (
      <button type="button" class="button small primary" data-testid="torrent-download" disabled={!canShare} onClick={fetch}>
        {share?.state === "failed" ? "Try again" : share ? "Download all the same" : "Download"}
      </button>
    );
  }
  return (
    <>
      {share.files.map(({ name, url }) => (
        <a key={url} class="button small primary" data-testid="torrent-save" href={url} download={savedName(name)}>
          Save{share.files.length > 1 ? ` ${shownName(name)}` : ""}
        </a>
      ))}
      <button type="button" class="button small" data-testid="torrent-stop" onClick={() => torrents.stop(share.key)}>
        {share.state === "seeding" || share.state === "whole" ? "Stop sharing" : "Stop"}
      </button>
    </>
  );
}

/** An own file that is not in the room yet. */
export function ShareRow({ share }: { readonly share: Share }) {
  return (
    <li class="transfer" data-testid="share" data-state={share.state}>
      <p class="transfer-head">
        <bdi class="transfer-name">{shownName(share.name)}</bdi>
        {share.size !== undefined && <span class="transfer-what">{size(share.size)} to everybody here</span>}
      </p>
      <p class="transfer-state" data-testid="share-state">
        {stateOf(share)}
      </p>
      <div class="transfer-choices">
        <button type="button" class="button small" data-testid="share-stop" onClick={() => torrents.stop(share.key)}>
          {share.state === "failed" ? "Remove" : "Cancel"}
        </button>
      </div>
    </li>
  );
}

function ShareBar({ share: { state, bytes, size: whole, name } }: { readonly share: Share }) {
  if (state !== "fetching" && state !== "whole") return null;
  return <progress class="bar" data-testid="torrent-progress" data-state={state} max={Math.max(1, whole ?? 1)} value={bytes} aria-label={`${shownName(name)}: how much is here`} />;
}

function stateOf(share: Share): string {
  const { state, bytes, size: whole = 0, down, peers, why } = share;
  switch (state) {
    case "reading":
      return "Reading it, to know its pieces…";
    case "seeding":
      return parts([`Shared from here with ${people(peers)}`, bytes > 0 && `${size(bytes)} sent`, speed(share, "up"), peers === 0 && why]);
    case "finding":
      return parts([`Looking for somebody who has it`, people(peers), why]);
    case "fetching":
      return parts([
        `${Math.floor((bytes / Math.max(1, whole)) * 100)} %`,
        `${size(bytes)} of ${size(whole)}`,
        speed(share, "down"),
        down > 0 && `${duration((whole - bytes) / down)} left`,
        `from ${people(peers)}`,
        peers === 0 && why,
      ]);
    case "whole":
      return parts(["Arrived whole, each piece checked", `shared from here with ${people(peers)}`, speed(share, "up")]);
    case "larger":
    case "failed":
      return why ?? "It failed.";
  }
}

function parts(all: readonly (string | false | undefined)[]): string {
  return all.filter(Boolean).join(" · ");
}

function people(count: number): string {
  return count === 1 ? "1 peer" : `${count} peers`;
}

function speed(share: Share, way: "up" | "down"): string | false {
  return share[way] >= 1_000 && `${size(Math.round(share[way]))}/s ${way}`;
}

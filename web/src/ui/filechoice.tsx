// Who is to have the files that were chosen: everybody in the room, or one person.
import { useEffect, useRef } from "preact/hooks";
import { shownName, size } from "../files/names";
import { isSelf } from "../p2p/addresses";
import { byName } from "../people";
import { canShare } from "../torrents/client";
import { session } from "./console";
import { hue } from "./hue";
import { chosen, sendTo, shareWithRoom } from "./sharing";

export function FileChoice() {
  const box = useRef<HTMLDialogElement>(null);
  const files = chosen.value;
  useEffect(() => {
    if (files.length > 0) box.current?.showModal();
    else box.current?.close();
  }, [files]);
  const done = () => (chosen.value = []);
  return (
    <dialog class="choice" ref={box} aria-labelledby="choice-title" data-testid="share-choice" onClose={done}>
      {files.length > 0 && (
        <>
          <h2 id="choice-title" class="choice-title">
            Share {nameOf(files)}
          </h2>
          <Everybody files={files} done={done} />
          <OnePerson files={files} done={done} />
          <button type="button" class="button wide-button" onClick={done}>
            Cancel
          </button>
        </>
      )}
    </dialog>
  );
}

interface Props {
  readonly files: readonly File[];
  readonly done: () => void;
}

function Everybody({ files, done }: Props) {
  const share = () => {
    shareWithRoom(files);
    done();
  };
  return (
    <section class="choice-way">
      <button type="button" class="button primary wide-button" data-testid="share-room" disabled={!canShare} onClick={share}>
        With everybody in {session.settings.value?.room}
      </button>
      <p class="hint">
        {canShare
          ? "By WebTorrent: the room gets a link, and whoever follows it fetches the file from this page, and from each other, while it is open."
          : "WebTorrent works only on pages that came by HTTPS."}
      </p>
    </section>
  );
}

function OnePerson({ files, done }: Props) {
  const { own } = session;
  const people = own ? byName(session.presence.value?.occupants ?? []).filter((person) => !isSelf(person, own)) : [];
  const send = (user: string, name: string) => {
    sendTo(user, name, files);
    done();
  };
  return (
    <section class="choice-way" aria-labelledby="choice-one">
      <h3 id="choice-one" class="choice-one">
        Straight to one person
      </h3>
      {people.length === 0 && <p class="hint">{own ? "Nobody else is here." : "This needs a transport that is told things at once: choose another one than polling."}</p>}
      <ul class="choice-people">
        {people.map(({ user, name }) => (
          <li key={user}>
            <button type="button" class="choice-person" data-testid="share-person" data-person={user} data-hue={hue(user)} onClick={() => send(user, name)}>
              <span class="person-dot" aria-hidden="true" />
              {name}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function nameOf(files: readonly File[]): string {
  const [first] = files;
  if (!first) return "";
  const all = size(files.reduce((sum, file) => sum + file.size, 0));
  return files.length === 1 ? `${shownName(first.name)} (${all})` : `${files.length} files (${all})`;
}

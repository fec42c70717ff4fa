// Who is there, and what one can do with somebody: call him, send him files.
import type { Occupant } from "../envelope";
import { type Own, isSelf } from "../p2p/addresses";
import { byName } from "../people";
import { session } from "./console";
import { PersonFile, useFileDrop } from "./filedrop";
import { hue } from "./hue";
import { PersonCall } from "./personcall";
import { sendTo } from "./sharing";

export function People() {
  const presence = session.presence.value;
  return (
    <section class="card" aria-labelledby="people-title">
      <h2 id="people-title" class="card-title">
        People {presence && <span class="count">{presence.count}</span>}
      </h2>
      {presence?.occupants ? (
        <ul class="people" data-testid="people" data-count={presence.count}>
          {byName(presence.occupants).map((person) => (
            <Person key={person.user} person={person} own={session.own} />
          ))}
        </ul>
      ) : (
        <p class="hint">{presence ? "This room only counts." : "Nothing is told of who is here."}</p>
      )}
      {session.state.value === "live" && !session.own && (
        <p class="hint people-hint" data-testid="no-signals">
          Calls need a transport that is told things at once: choose another one than polling.
        </p>
      )}
    </section>
  );
}

function Person({ person, own }: { readonly person: Occupant; readonly own: Own | undefined }) {
  const { user, name } = person;
  const isOwn = own !== undefined && isSelf(person, own);
  const drop = useFileDrop(own && !isOwn ? (files) => sendTo(user, name, files) : undefined);
  return (
    <li class="person" data-user={user} data-hue={hue(user)} {...drop}>
      <span class="person-dot" aria-hidden="true" />
      <span class="person-name">
        {name}
        {isOwn && <span class="person-own"> (you)</span>}
      </span>
      <span class="person-user">{user}</span>
      {own && !isOwn && (
        <span class="person-ways">
          <PersonCall person={person} own={own} />
          <PersonFile person={person} />
        </span>
      )}
    </li>
  );
}

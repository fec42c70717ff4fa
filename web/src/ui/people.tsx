// Who is there.
import { byName } from "../people";
import { session } from "./console";
import { hue } from "./hue";

export function People() {
  const presence = session.presence.value;
  return (
    <section class="card" aria-labelledby="people-title">
      <h2 id="people-title" class="card-title">
        People {presence && <span class="count">{presence.count}</span>}
      </h2>
      {presence?.occupants ? (
        <ul class="people" data-testid="people" data-count={presence.count}>
          {byName(presence.occupants).map(({ user, name }) => (
            <li key={user} class="person" data-user={user} data-hue={hue(user)}>
              <span class="person-dot" aria-hidden="true" />
              <span class="person-name">{name}</span>
              <span class="person-user">{user}</span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="hint">{presence ? "This room only counts." : "Nothing is told of who is here."}</p>
      )}
    </section>
  );
}

// On a phone one column shows at a time; this bar chooses which.
import { type View, view } from "./console";

const VIEWS: readonly (readonly [View, string])[] = [
  ["chat", "Chat"],
  ["room", "Room"],
  ["wire", "Wire"],
  ["code", "Code"],
];

export function Views() {
  return (
    <nav class="views" aria-label="Views">
      {VIEWS.map(([name, title]) => (
        <button
          key={name}
          type="button"
          class="view"
          aria-current={view.value === name ? "page" : undefined}
          onClick={() => (view.value = name)}
        >
          {title}
        </button>
      ))}
    </nav>
  );
}

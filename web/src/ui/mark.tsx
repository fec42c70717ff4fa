// The mark: two people and what goes between them.

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="9" />
      <path class="mark-posts" d="M10 5v22M22 5v22" />
      <path class="mark-talk" d="M14.5 16h3" />
    </svg>
  );
}

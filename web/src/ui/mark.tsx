// The mark: two people and what goes between them.

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="9" />
      <path class="mark-posts" d="M10 5v22M22 5v22" />
      <path class="mark-talk" d="M10 16h12" stroke-dasharray="0.1 5.95" />
    </svg>
  );
}

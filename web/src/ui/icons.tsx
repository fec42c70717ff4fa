// Small drawings for buttons whose words would take too much room. Each button says in words, too, what it does.
import type { ComponentChildren } from "preact";

function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      {children}
    </svg>
  );
}

const HANDSET = "M3 4.5 6.5 3l2 4-2 1.7a9.5 9.5 0 0 0 4.8 4.8l1.7-2 4 2L15.5 17A12.5 12.5 0 0 1 3 4.5Z";

export const VoiceIcon = () => (
  <Icon>
    <path d={HANDSET} />
  </Icon>
);

export const HangUpIcon = () => (
  <Icon>
    <path d={HANDSET} transform="rotate(135 10 10)" />
  </Icon>
);

export const CameraIcon = () => (
  <Icon>
    <rect x="2" y="5.5" width="10.5" height="9" rx="2" />
    <path d="m12.5 9 5-2.5v7l-5-2.5" />
  </Icon>
);

export const ScreenIcon = () => (
  <Icon>
    <rect x="2" y="3.5" width="16" height="10.5" rx="1.5" />
    <path d="M7 17h6M10 14v3" />
  </Icon>
);

export const MicrophoneIcon = ({ off }: { readonly off: boolean }) => (
  <Icon>
    <rect x="7.5" y="2.5" width="5" height="9" rx="2.5" />
    <path d="M4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5" />
    {off && <path d="M3 2.5 17 17" />}
  </Icon>
);

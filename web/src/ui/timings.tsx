// How long own messages took from sending to their return, transport by transport.
import { milliseconds } from "../http";
import { TRANSPORTS, TRANSPORT_NAMES } from "../transports";
import { median, reach } from "../timing";
import { session } from "./console";

export function Timings() {
  const samples = session.samples.value;
  const measured = TRANSPORT_NAMES.filter((name) => samples[name]);
  return (
    <section class="card" aria-labelledby="timings-title">
      <h2 id="timings-title" class="card-title">
        Round trips
      </h2>
      {measured.length === 0 && <p class="hint">Say something, then switch the transport and say it again.</p>}
      <dl class="timings">
        {measured.map((name) => (
          <Bar key={name} title={TRANSPORTS[name].title} values={samples[name] ?? []} />
        ))}
      </dl>
    </section>
  );
}

function Bar({ title, values }: { readonly title: string; readonly values: readonly number[] }) {
  const middle = median(values);
  return (
    <div class="timing">
      <dt>{title}</dt>
      <dd title={`Median of ${values.length}`}>{milliseconds(middle)}</dd>
      <svg class="timing-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="timing-track" width="100" height="4" />
        <rect class="timing-fill" width={reach(middle) * 100} height="4" />
      </svg>
    </div>
  );
}

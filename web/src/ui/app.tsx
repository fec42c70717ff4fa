// The page: a header, three columns (on a phone one at a time), and a bar to choose among them.
import { Composer } from "./composer";
import { session, view } from "./console";
import { CodePanel } from "./code";
import { Header } from "./header";
import { Messages } from "./messages";
import { People } from "./people";
import { ProblemNote } from "./problem";
import { Setup } from "./setup";
import { Timings } from "./timings";
import { Views } from "./views";
import { WireLog } from "./wirelog";
import { Writing } from "./writing";

export function App() {
  const joined = session.settings.value !== undefined;
  return (
    <div class="page" data-view={view.value}>
      <Header />
      <main class="columns">
        <section class="side" aria-label="Room and people">
          <Setup />
          {joined && <People />}
          {joined && <Timings />}
        </section>
        <section class="chat" aria-label="Conversation">
          <ProblemNote />
          <Messages />
          <Writing />
          <Composer />
        </section>
        <section class="under" aria-label="Under the hood">
          <WireLog />
          <CodePanel />
        </section>
      </main>
      <Views />
    </div>
  );
}

// The page: a header, three columns (on a phone one at a time), and a bar to choose among them.
import { CallPanel } from "./call";
import { CallRing } from "./callring";
import { Composer } from "./composer";
import { session, view } from "./console";
import { CodePanel } from "./code";
import { FileChoice } from "./filechoice";
import { useConversationDrop } from "./filedrop";
import { FileTray, OfferNote } from "./files";
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
  const drop = useConversationDrop();
  return (
    <div class="page" data-view={view.value}>
      <Header />
      <CallRing />
      <main class="columns">
        <section class="side" aria-label="Room and people">
          <Setup />
          {joined && <People />}
          {joined && <Timings />}
        </section>
        <section class="chat" aria-label="Conversation" {...drop}>
          <ProblemNote />
          <CallPanel />
          <Messages />
          <Writing />
          <FileTray />
          <Composer />
        </section>
        <section class="under" aria-label="Under the hood">
          <WireLog />
          <CodePanel />
        </section>
      </main>
      <Views />
      <OfferNote />
      <FileChoice />
    </div>
  );
}

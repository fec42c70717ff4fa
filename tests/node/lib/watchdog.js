// Loaded before each test file (tests/run): nobody whom a file has started outlives it, and a file that stands still ends when the
// runner's patience does. Without it a browser's own handler of SIGTERM keeps the process, and with it the whole run, for ever.
import { readFileSync, readdirSync } from "node:fs";

/** The parent of each process there is, from proc_pid_stat(5). */
function parents() {
  const found = new Map();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!pid) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      found.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Everybody whom `ancestor` has started, and whom those have. */
function descendants(ancestor) {
  const tree = parents();
  const found = [ancestor];
  for (const pid of found) for (const [child, parent] of tree) if (parent === pid) found.push(child);
  return found.slice(1);
}

function endEverybody() {
  for (const pid of descendants(process.pid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

// The runner itself loads this file, too: the files it starts are its own to end.
if (process.env.NODE_TEST_CONTEXT === "child-v8") {
  process.on("exit", endEverybody);
  process.on("SIGTERM", () => {
    const file = process.argv[1];
    process.stderr.write(`${file} stands still; what it still waits for: ${process.getActiveResourcesInfo().join(", ")}\n`);
    process.exit(1);
  });
}

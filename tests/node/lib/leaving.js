// Whoever a test has let in leaves when it ends, well or not.
import { afterEach } from "node:test";

const staying = [];

/** Has `leave` called at the end of the test. */
export const leavesAfterwards = (leave) => staying.push(leave);

afterEach(async () => {
  for (const leave of staying.splice(0)) await leave();
});

// Whoever a test has let in leaves when it ends, well or not.
import { afterEach } from "node:test";

const staying = [];

/** Has `leave` called at the end of the test. */
export const leavesAfterwards = (leave) => staying.push(leave);

// All leave, also after one who could not: what one of them would leave behind is in the way of the tests that come.
afterEach(async () => {
  const errors = [];
  for (const leave of staying.splice(0)) {
    try {
      await leave();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
});

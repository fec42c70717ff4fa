// What a file of tests about files begins with: a server and a browser for all of them, and for each a room of its own.
import { after, before } from "node:test";
import { launchForCalls } from "./calls.js";
import { openSender, together } from "./files.js";
import { startServer } from "./server.js";

/** Rooms called `name-1` and so on. The server and the browser are there when the tests run. */
export class Rooms {
  #name;
  #count = 0;

  constructor(name) {
    this.#name = name;
    before(async () => {
      this.server = await startServer();
      this.browser = await launchForCalls();
    });
    after(async () => {
      await this.browser.close();
      await this.server.stop();
    });
  }

  /** The newest room. */
  get room() {
    return `${this.#name}-${this.#count}`;
  }

  /** One more in the newest room. */
  another(name, options) {
    return openSender(this.browser, this.server, name, this.room, options);
  }

  /** These people, in a room of their own. */
  people(names, options) {
    this.#count += 1;
    return Promise.all(names.map((name) => this.another(name, options)));
  }

  /** Ann and Bo, who see each other, in a room of their own. */
  annAndBo(options) {
    this.#count += 1;
    return together(this.browser, this.server, this.room, options);
  }
}

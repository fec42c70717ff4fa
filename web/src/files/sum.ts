// SHA-256 over a file (FIPS 180-4), piece by piece: `crypto.subtle` only takes a whole one at once.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** The sum of a file whose bytes come in order, some of them perhaps more than once. */
export class Sum {
  private readonly state = sha256.create();
  /** How many bytes are in it. */
  length = 0;

  /** Takes in the bytes from `at` on; what it has already is passed over. `at` is no further than `length`. */
  add(at: number, bytes: Uint8Array): void {
    const fresh = bytes.subarray(this.length - at);
    this.state.update(fresh);
    this.length += fresh.length;
  }

  /** The sum of all bytes until now, in hexadecimal. */
  get hex(): string {
    return bytesToHex(this.state.clone().digest());
  }
}

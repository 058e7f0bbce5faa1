/** Sending one take, from the shelf to the server, for as long as it takes. */

import { ask, Refused } from "../base/api.js";
import { whyLost, whyStuck, whyWaiting } from "./sentences.js";
import { append, create, Later, offset } from "./tus.js";

/** @typedef {import("./shelf.js").Shelf} Shelf */
/** @typedef {import("./shelf.js").Take} Take */

const MOST_AT_ONCE = 4 * 1024 * 1024;
/** While nothing is recorded the server is told in time that somebody is still there. */
const ALIVE_EVERY = 20_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const LONGEST_ASKED = 15_000;
const MOST_MISTAKES = 5;

/** It cannot go on by itself; the message says why, what is kept and what to do. */
export class Stuck extends Error {
  /**
   * @param {string} words
   * @param {{ gone?: boolean }} [what] gone: there is nothing any more to send to
   */
  constructor(words, { gone = false } = {}) {
    super(words);
    this.gone = gone;
  }
}

/** Everything is there already, whoever brought it. */
class Done extends Error {}

export class Sender {
  /** @type {Shelf} */
  #shelf;
  /** @type {Take} */
  #take;
  #changed;
  #failures = 0;
  #mistakes = 0;
  #more = false;
  /** @type {(() => void) | null} */
  #wake = null;
  /** Why nothing gets through at present, in a sentence; empty while it does. */
  trouble = "";

  /**
   * @param {Shelf} shelf
   * @param {Take} take
   * @param {() => void} changed called when more is safe, or trouble begins or ends
   */
  constructor(shelf, take, changed) {
    this.#shelf = shelf;
    this.#take = take;
    this.#changed = changed;
  }

  /** There is more to send. */
  kick() {
    this.#more = true;
    this.#wake?.();
  }

  /**
   * Send until the take is over and the server has all of it.
   * @throws {Stuck}
   */
  async run() {
    this.#mistakes = 0;
    try {
      for (let finished = false; !finished; ) {
        try {
          finished = await this.#step();
          this.#well();
        } catch (error) {
          await this.#comeToTerms(error);
        }
      }
    } catch (error) {
      if (!(error instanceof Done)) throw error;
    }
    this.#well();
    await this.#shelf.drop(this.#take.id);
  }

  /** Do the next thing. Whether it was the last. */
  async #step() {
    const take = this.#take;
    if (!take.upload) {
      take.upload = await create(take.id);
      await this.#shelf.note(take);
    }
    this.#more = false;
    const pieces = await this.#shelf.read(take, MOST_AT_ONCE);
    const first = pieces[0];
    const body = new Blob(pieces.map((piece) => piece.bytes)).slice(first ? take.sent - first.at : 0);
    const all = take.over && take.sent + body.size === take.bytes;
    if (!body.size && !all && !(await this.#isTimeToSaySo())) return false;
    const at = await append(take.upload, take.sent, body, all ? take.bytes : null);
    await this.#moveTo(at, pieces.at(-1)?.until);
    return all;
  }

  /**
   * So many bytes are safe.
   * @param {number} at
   * @param {number} [seconds] how much of the take they are
   */
  async #moveTo(at, seconds) {
    const take = this.#take;
    if (at === take.sent) return;
    take.sent = at;
    take.sentSeconds = seconds ?? (take.bytes ? (take.seconds * at) / take.bytes : 0);
    await this.#shelf.settle(take);
    this.#changed();
  }

  /**
   * Wait for more to send.
   * @returns {Promise<boolean>} whether none came, and it is time to tell the server that we are still here
   */
  #isTimeToSaySo() {
    if (this.#more) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ALIVE_EVERY);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }

  #well() {
    this.#failures = this.#mistakes = 0;
    if (!this.trouble) return;
    this.trouble = "";
    this.#changed();
  }

  /**
   * Wait for what passes, mend what can be mended, and give up on nothing else.
   * @param {unknown} error
   */
  async #comeToTerms(error) {
    if (!(error instanceof Refused)) throw error;
    if (isPassing(error.status)) return this.#wait(error);
    if (++this.#mistakes > MOST_MISTAKES) throw new Stuck(whyStuck(error, this.#take));
    try {
      if (error.status === 404 || error.status === 410) await this.#lookForIt();
      else if ([400, 409, 460].includes(error.status)) await this.#locate(error);
      else throw new Stuck(whyStuck(error, this.#take));
    } catch (other) {
      if (!(other instanceof Refused)) throw other;
      if (!isPassing(other.status)) throw new Stuck(whyStuck(other, this.#take));
      await this.#wait(other);
    }
  }

  /** @param {Refused} error */
  async #wait(error) {
    const trouble = whyWaiting(error);
    if (trouble !== this.trouble) {
      this.trouble = trouble;
      this.#changed();
    }
    const grown = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++);
    // Not all at the same moment, when a server comes back that many were waiting for.
    const wait = grown * (0.5 + Math.random() / 2);
    const asked = error instanceof Later ? Math.min(error.after, LONGEST_ASKED) : 0;
    await pause(Math.max(wait, asked));
  }

  /**
   * Ask how far the upload is, and go on from there.
   * @param {Refused} error why it has to be asked
   */
  async #locate(error) {
    const take = this.#take;
    if (!take.upload) throw take.over ? new Done() : new Stuck(whyStuck(error, take));
    const at = await offset(take.upload);
    if (at < take.sent && !(await this.#hasFrom(at))) throw new Stuck(whyLost(take));
    if (at > take.bytes) throw new Stuck(whyStuck(error, take));
    await this.#moveTo(at);
  }

  /** The upload is gone. If the recording is not, and all of it is still here, begin again. */
  async #lookForIt() {
    const take = this.#take;
    const recording = await ask("GET", `/api/recordings/${take.id}`).catch((error) => {
      if (error instanceof Refused && error.status === 404) throw new Stuck(whyLost(take, { deleted: true }), { gone: true });
      throw error;
    });
    if (recording.status === "ready" && !recording.incomplete) throw new Done();
    if (!(await this.#hasFrom(0))) throw new Stuck(whyLost(take));
    take.upload = "";
    take.sent = take.sentSeconds = 0;
    await this.#shelf.note(take);
  }

  /** @param {number} at byte */
  async #hasFrom(at) {
    const first = (await this.#shelf.read({ ...this.#take, sent: at }, 1))[0];
    return first !== undefined && first.at <= at;
  }
}

/** @param {number} status */
function isPassing(status) {
  // 401 and 403: somebody signs in again, in another tab perhaps. 423: a connection of ours that is just dying.
  return status === 0 || [401, 403, 408, 423, 425, 429].includes(status) || status >= 500;
}

/**
 * Wait, but not when a connection has just come back.
 * @param {number} most milliseconds
 * @returns {Promise<void>}
 */
function pause(most) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, most);
    window.addEventListener("online", done);
  });
}

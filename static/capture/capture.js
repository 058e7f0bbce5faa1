/** A recording under way: every chunk goes to this browser's disk first, and from there to the server. */

import { hold } from "./locks.js";
import { end } from "./portal.js";
import { Recorder } from "./recorder.js";
import { Sender } from "./sender.js";
import { Shelf } from "./shelf.js";
import { HERE_FULL, NOT_ON_DISK, whyFull } from "./sentences.js";

/** @typedef {import("./portal.js").Entry} Entry */

const MB = 1024 * 1024;
const MOST_KEPT = 2 * 1024 * MB;
/** Of what the browser would give: the rest is for what it adds to it. */
const SHARE = 0.8;
const LOOK_EVERY = 20;

export class Capture {
  /** @type {Recorder} */
  #recorder;
  /** @type {Sender} */
  #sender;
  /** @type {Shelf} */
  #shelf;
  /** @type {() => void} */
  #release;
  #room = MOST_KEPT;
  #chunks = 0;
  /** @type {Promise<unknown>} what is being put on the disk, in order */
  #storing = Promise.resolve();
  #changed;
  /** @type {import("./shelf.js").Take} */
  take;
  /** Why it was stopped, or how it is at risk, in a sentence; empty if all is well. */
  notice = "";
  /** Whether everything is safe on the server. */
  safe = false;
  /** @type {Promise<void>} resolves when it was stopped and its last chunk is kept */
  ended = Promise.resolve();

  /**
   * Begin to record. The caller releases the stream.
   * @param {MediaStream} stream
   * @param {{ entry: Entry, title: string, owner: string, maxMb: number, changed: () => void }} how changed: figures or
   *   sentences have
   * @returns {Promise<Capture>}
   */
  static async start(stream, { entry, title, owner, maxMb, changed }) {
    const shelf = await Shelf.open();
    const release = await hold(entry.recording);
    const take = {
      ...{ id: entry.recording, session: entry.session, owner, title, began: Date.now(), upload: "", over: false },
      ...{ bytes: 0, seconds: 0, sent: 0, sentSeconds: 0 },
    };
    await shelf.note(take);
    const capture = new Capture(stream, { shelf, take, release: release ?? (() => undefined), maxMb, changed });
    await capture.#look();
    capture.ended = capture.#run(maxMb);
    return capture;
  }

  /**
   * @param {MediaStream} stream
   * @param {{ shelf: Shelf, take: import("./shelf.js").Take, release: () => void, maxMb: number, changed: () => void }} how
   */
  constructor(stream, { shelf, take, release, maxMb, changed }) {
    this.#shelf = shelf;
    this.take = take;
    this.#release = release;
    this.#changed = changed;
    this.#sender = new Sender(shelf, take, changed);
    this.#recorder = new Recorder(stream, { largest: maxMb * MB, chunk: (data, seconds) => this.#keep(data, seconds) });
  }

  get seconds() {
    return this.#recorder.seconds;
  }

  get paused() {
    return this.#recorder.paused;
  }

  /** Why nothing gets through at present, in a sentence; empty while it does. */
  get trouble() {
    return this.#sender.trouble;
  }

  pause() {
    this.#recorder.pause();
    this.#changed();
  }

  resume() {
    this.#recorder.resume();
    this.#changed();
  }

  stop() {
    this.#recorder.stop();
  }

  /**
   * Send what is recorded, while it is and after. May be called again when it has thrown.
   * @throws {import("./sender.js").Stuck}
   */
  async deliver() {
    await this.#sender.run();
    this.safe = true;
    this.#release();
  }

  /** What is kept here, as one file, as long as the server has none of it. */
  async file() {
    const pieces = await this.#shelf.read({ ...this.take, sent: 0 }, Number.MAX_SAFE_INTEGER);
    return pieces[0]?.at === 0 ? new Blob(pieces.map((piece) => piece.bytes), { type: "video/webm" }) : null;
  }

  /** Forget what is kept here. */
  async drop() {
    await this.#shelf.drop(this.take.id);
    this.safe = true;
    this.#release();
  }

  /** @param {number} maxMb */
  async #run(maxMb) {
    await this.#recorder.run();
    if (this.#recorder.full) this.notice = whyFull(maxMb);
    // Told that it is over, the portal shows it; it is no less safe if this does not get through.
    end({ session: this.take.session, recording: this.take.id }).catch(() => undefined);
    await this.#storing;
    this.take.over = true;
    await this.#shelf.note(this.take);
    this.#sender.kick();
    this.#changed();
  }

  /**
   * @param {Blob} data
   * @param {number} seconds
   */
  #keep(data, seconds) {
    this.#storing = this.#storing.then(async () => {
      const kept = await this.#shelf.append(this.take, await data.arrayBuffer(), seconds);
      this.#sender.kick();
      if (!kept) this.#notKept();
      if (++this.#chunks % LOOK_EVERY === 0) await this.#look();
      if (this.take.bytes - this.take.sent > this.#room) this.#overflow();
      this.#changed();
    });
  }

  /** The disk did not take it. Without any disk recording goes on for as long as it is sent. */
  #notKept() {
    if (this.take.bytes - this.take.sent > 64 * MB) this.#overflow();
    else this.notice ||= NOT_ON_DISK;
  }

  #overflow() {
    this.notice = HERE_FULL;
    this.stop();
  }

  /** How much may be kept here: what the browser gives us at present. */
  async #look() {
    const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    const waiting = this.take.bytes - this.take.sent;
    this.#room = Math.min(MOST_KEPT, Math.max(0, quota - usage) * SHARE + waiting);
  }
}

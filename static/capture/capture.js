/** A recording under way: every chunk goes to this browser's disk first, and from there to the server. */

import { hold } from "./locks.js";
import { end, mark } from "./portal.js";
import { Recorder } from "./recorder.js";
import { Sender } from "./sender.js";
import { Shelf } from "./shelf.js";
import { gapOf, NOT_ON_DISK, whyFull, whyGap } from "./sentences.js";

/** @typedef {import("./portal.js").Entry} Entry */

const MB = 1024 * 1024;
const MOST_KEPT = 2 * 1024 * MB;
/** Of what the browser would give: the rest is for what it adds to it. */
const SHARE = 0.8;
const LOOK_EVERY = 20;
/** What may wait in memory, where there is no disk. */
const MEMORY = 64 * MB;
/** However little the browser promises: with less, recording would stop and go on every second. */
const LEAST_KEPT = MB;
/** How much of the room has to be free again before recording goes on. */
const FREE = 0.5;

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
  /** @type {{ at: number, since: number } | null} nothing is recorded: from which second of it, since when */
  #gap = null;
  /** @type {{ at: number, label: string }[]} gaps that the portal has not been told of */
  #gaps = [];
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
    this.#sender = new Sender(shelf, take, () => {
      this.#goOn();
      changed();
    });
    this.#recorder = new Recorder(stream, { largest: maxMb * MB, chunk: (data, seconds) => this.#keep(data, seconds) });
  }

  get seconds() {
    return this.#recorder.seconds;
  }

  /** Whether nothing is recorded until some of what is kept here was sent. */
  get isFull() {
    return this.#gap !== null;
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
    await this.#tellOfGaps();
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
    if (this.#gap) this.#endGap(this.#gap);
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
      if (this.#waiting > this.#room) this.#holdOff();
      this.#changed();
    });
  }

  /** The disk did not take it. Without any disk recording goes on for as long as it is sent. */
  #notKept() {
    this.#room = MEMORY;
    this.notice ||= NOT_ON_DISK;
  }

  /** Bytes that are not on the server yet. */
  get #waiting() {
    return this.take.bytes - this.take.sent;
  }

  /** Nothing more can be kept: better a gap that is told of than the end, or a tab that dies. */
  #holdOff() {
    if (this.#gap || !this.#recorder.recording) return;
    this.#recorder.pause();
    this.#gap = { at: this.seconds, since: Date.now() };
    this.notice = whyGap(this.#gap.since);
  }

  #goOn() {
    if (!this.#gap || this.#waiting > this.#room * (1 - FREE)) return;
    this.#endGap(this.#gap);
    this.#recorder.resume();
    this.#tellOfGaps();
  }

  /** @param {{ at: number, since: number }} gap */
  #endGap({ at, since }) {
    this.#gaps.push({ at, label: gapOf(Date.now() - since) });
    this.#gap = null;
    this.notice = this.#shelf.lasts ? "" : NOT_ON_DISK;
  }

  /** Name the moments at which something is missing, for whoever watches it. What does not get through is tried later. */
  async #tellOfGaps() {
    for (const gap of this.#gaps.splice(0)) {
      await mark(this.take.id, gap).catch(() => this.#gaps.push(gap));
    }
  }

  /** How much may be kept here: what the browser gives us at present. */
  async #look() {
    const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    const most = this.#shelf.lasts ? MOST_KEPT : MEMORY;
    this.#room = Math.max(LEAST_KEPT, Math.min(most, (quota - usage) * SHARE + this.#waiting));
  }
}

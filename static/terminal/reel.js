/** How far a recording has been written to the screen, and what comes next. */

import { parseSize } from "./cast.js";

/**
 * @typedef {import("./cast.js").Event} Event
 * @typedef {import("./screen.js").Screen} Screen
 * @typedef {import("./sources.js").Source} Source
 * @typedef {import("./sources.js").Segment} Segment
 */

// Characters that are written before others have their turn: about ten milliseconds of the terminal's work.
const MOST_AT_ONCE = 500_000;
// Less than lies between two events, which have microseconds.
const MOMENT = 1e-7;

export class Reel {
  /** @type {Segment | null} */
  #segment = null;
  #next = 0;
  #turn = 0;

  /**
   * @param {Source} source
   * @param {Screen} screen
   */
  constructor(source, screen) {
    this.source = source;
    this.screen = screen;
  }

  /** When something happens next, in seconds; Infinity at the end. Nothing does before it. */
  get nextAt() {
    const segment = this.#segment;
    return segment ? (segment.events[this.#next]?.[0] ?? segment.end) : 0;
  }

  /** When something happened last; 0 at the beginning. */
  get lastAt() {
    return this.#segment?.events[this.#next - 1]?.[0] ?? this.#segment?.start ?? 0;
  }

  /** Everything on another screen. @param {Screen} screen */
  moveTo(screen) {
    this.screen = screen;
    this.#segment = null;
  }

  /**
   * Show what the recording showed at `at` seconds.
   * @param {number} at
   * @returns {Promise<boolean>} false if somebody went elsewhere meanwhile
   */
  async show(at) {
    const turn = ++this.#turn;
    const here = this.#segment;
    const ahead = here && at < here.end && at >= this.lastAt;
    if (!ahead) {
      const segment = this.source.known(at) ?? (await this.source.load(at));
      if (turn !== this.#turn) return false;
      this.#enter(segment, true);
    }
    while (this.#write(at)) {
      await new Promise((resolve) => setTimeout(resolve));
      if (turn !== this.#turn) return false;
    }
    return true;
  }

  /**
   * Show what tells most of what is to be seen, and can be shown at once: what was on the screen in the middle of it,
   * of a long recording at the end of its first segment, or of what is there of it.
   * @returns {Promise<boolean>} false if somebody went elsewhere meanwhile
   */
  async showSample() {
    const { events, end } = this.source.known(0) ?? (await this.source.load(0));
    const shown = end === Infinity ? events[events.length >> 1] : events.findLast(([time]) => time < end);
    return this.show(shown?.[0] ?? 0);
  }

  /**
   * Write what happened up to `at`, which is not before the last time.
   * @param {number} at
   * @returns {boolean} false if what follows has to be loaded first, by `loadNext`
   */
  advance(at) {
    while (this.#write(at));
    const here = this.#segment;
    if (!here || at < here.end) return here !== null;
    const following = this.source.known(here.end);
    if (!following) return false;
    this.#enter(following, false);
    return this.advance(at);
  }

  /** Load the segment that follows on this one, and the one after it. */
  async loadNext() {
    await this.source.load(this.#segment?.end ?? 0);
  }

  /**
   * The time of the event that shows something, next or before.
   * @param {1 | -1} by
   * @param {number} at
   * @returns {Promise<number | null>} null if there is none
   */
  async neighbour(by, at) {
    const segment = this.source.known(at) ?? (await this.source.load(at));
    const times = segment.events.filter((event) => event[1] === "o").map((event) => event[0]);
    const here = by > 0 ? times.find((time) => time > at + MOMENT) : times.findLast((time) => time < at - MOMENT);
    if (here !== undefined) return here;
    if (by > 0) return segment.end === Infinity ? null : segment.end;
    return segment.start > 0 ? this.neighbour(by, segment.start - MOMENT) : null;
  }

  /**
   * @param {Segment} segment
   * @param {boolean} afresh whether the screen has to be made what it was then; coming from before, it is that
   */
  #enter(segment, afresh) {
    this.#segment = segment;
    this.#next = 0;
    if (afresh) this.screen.reset(segment.size, segment.init, this.source.theme);
    // The next segment is fetched while this one is shown.
    if (segment.end !== Infinity) this.source.load(segment.start).catch(() => undefined);
  }

  /**
   * @param {number} at
   * @returns {boolean} whether there is more
   */
  #write(at) {
    const events = this.#segment?.events ?? [];
    let text = "";
    while (text.length < MOST_AT_ONCE) {
      const event = events[this.#next];
      if (!event || event[0] > at) {
        if (text) this.screen.write(text);
        return false;
      }
      this.#next++;
      if (event[1] === "o") text += event[2];
      else if (event[1] === "r") {
        if (text) this.screen.write(text);
        text = "";
        this.screen.resize(parseSize(event[2]));
      }
    }
    this.screen.write(text);
    return true;
  }
}

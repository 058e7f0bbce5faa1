/** How far a recording has been written to the screen, and what comes next. */

import { parseSize } from "./cast.js";

/**
 * @typedef {import("./cast.js").Event} Event
 * @typedef {import("./screen.js").Screen} Screen
 * @typedef {import("./sources.js").Source} Source
 * @typedef {import("./sources.js").Stretch} Stretch
 */

// Characters that are written before others have their turn: about ten milliseconds of the terminal's work.
const MOST_AT_ONCE = 500_000;

export class Reel {
  /** @type {Stretch | null} */
  #stretch = null;
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
    const stretch = this.#stretch;
    return stretch ? (stretch.events[this.#next]?.[0] ?? stretch.end) : 0;
  }

  /** When something happened last; 0 at the beginning. */
  get lastAt() {
    return this.#stretch?.events[this.#next - 1]?.[0] ?? this.#stretch?.start ?? 0;
  }

  /** Everything on another screen. @param {Screen} screen */
  moveTo(screen) {
    this.screen = screen;
    this.#stretch = null;
  }

  /**
   * Show what the recording showed at `at` seconds.
   * @param {number} at
   * @returns {Promise<boolean>} false if somebody went elsewhere meanwhile
   */
  async show(at) {
    const turn = ++this.#turn;
    const here = this.#stretch;
    const ahead = here && at < here.end && at >= this.lastAt;
    if (!ahead) {
      const stretch = this.source.known(at) ?? (await this.source.load(at));
      if (turn !== this.#turn) return false;
      this.#enter(stretch, true);
    }
    while (this.#write(at)) {
      await new Promise((resolve) => setTimeout(resolve));
      if (turn !== this.#turn) return false;
    }
    return true;
  }

  /**
   * Write what happened up to `at`, which is not before the last time.
   * @param {number} at
   * @returns {boolean} false if what follows has to be loaded first, by `loadNext`
   */
  advance(at) {
    while (this.#write(at));
    const here = this.#stretch;
    if (!here || at < here.end) return here !== null;
    const following = this.source.known(here.end);
    if (!following) return false;
    this.#enter(following, false);
    return this.advance(at);
  }

  /** Load the stretch that follows on this one, and the one after it. */
  async loadNext() {
    await this.source.load(this.#stretch?.end ?? 0);
  }

  /**
   * The time of the event that shows something, next or before.
   * @param {1 | -1} by
   * @param {number} at
   * @returns {number | null} null if there is none in this stretch
   */
  neighbour(by, at) {
    const events = this.#stretch?.events ?? [];
    const times = events.filter((event) => event[1] === "o").map((event) => event[0]);
    return (by > 0 ? times.find((time) => time > at + 1e-6) : times.findLast((time) => time < at - 1e-6)) ?? null;
  }

  /**
   * @param {Stretch} stretch
   * @param {boolean} afresh whether the screen has to be made what it was then; coming from before, it is that
   */
  #enter(stretch, afresh) {
    this.#stretch = stretch;
    this.#next = 0;
    if (afresh) this.screen.reset(stretch.size, stretch.init, this.source.theme);
    // The next stretch is fetched while this one is shown.
    if (stretch.end !== Infinity) this.source.load(stretch.start).catch(() => undefined);
  }

  /**
   * @param {number} at
   * @returns {boolean} whether there is more
   */
  #write(at) {
    const events = this.#stretch?.events ?? [];
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

/** `<cast-player>`: a terminal recording that is played like a video, with the same properties, methods and events. */

import { Reel } from "./reel.js";
import { Screen } from "./screen.js";
import { NotThere, segmentedSource, wholeSource } from "./sources.js";

const TICK = 100;
const SHORTEST_WAIT = 4;
// What stays of a gap that is skipped, in seconds, where its recorder suggests nothing.
const IDLE = 2;
const LEAD = 0.25;
const LEAST_SKIPPED = 1;

/**
 * Attributes: `src` is the address of the cast; `segments`, if it is there, that of the index of its segments;
 * `duration` in seconds; `start` where to begin, if not at the beginning; `theme` the name of one of asciinema-player's,
 * for other colours than the recording's own.
 */
export class CastPlayer extends HTMLElement {
  /** @type {Reel | null} */
  #reel = null;
  /** @type {Promise<void> | null} */
  #loading = null;
  /** @type {MediaError | null} */
  #error = null;
  /** @type {number} */
  #ready = HTMLMediaElement.HAVE_NOTHING;
  #paused = true;
  #ended = false;
  #seeking = false;
  #rate = 1;
  #base = 0;
  #since = 0;
  #timer = 0;
  #told = 0;

  /** Whether gaps in which nothing happens are cut short. */
  skipIdle = false;

  connectedCallback() {
    this.#tell("loadstart");
    if (this.duration) this.#tell("durationchange");
    this.#base = Math.min(Number(this.getAttribute("start")), this.duration);
    this.load();
  }

  disconnectedCallback() {
    this.pause();
  }

  get src() {
    return this.getAttribute("src") ?? "";
  }

  get currentSrc() {
    return this.src;
  }

  get duration() {
    return Number(this.getAttribute("duration"));
  }

  get paused() {
    return this.#paused;
  }

  get ended() {
    return this.#ended;
  }

  get seeking() {
    return this.#seeking;
  }

  get error() {
    return this.#error;
  }

  get readyState() {
    return this.#ready;
  }

  get muted() {
    return false;
  }

  get volume() {
    return 1;
  }

  get seekable() {
    return { length: 1, start: () => 0, end: () => this.duration };
  }

  get buffered() {
    return this.seekable;
  }

  get playbackRate() {
    return this.#rate;
  }

  set playbackRate(rate) {
    this.#base = this.currentTime;
    this.#since = performance.now();
    this.#rate = rate;
    this.#tell("ratechange");
    this.#go();
  }

  get currentTime() {
    if (this.#paused || this.#seeking) return this.#base;
    return Math.min(this.#base + ((performance.now() - this.#since) / 1000) * this.#rate, this.duration);
  }

  set currentTime(at) {
    this.#seek(Math.min(Math.max(at, 0), this.duration));
  }

  /** From the server, again if it was there before. */
  load() {
    this.#error = null;
    this.#ready = HTMLMediaElement.HAVE_NOTHING;
    this.#loading = this.#open().catch((error) => this.#fail(error));
  }

  async play() {
    if (!this.#paused) return;
    if (this.#ended) this.#base = 0;
    this.#ended = false;
    this.#paused = false;
    this.#tell("play");
    await this.#loading;
    if (this.#error || this.#paused) return;
    await this.#show(this.#base);
    if (this.#paused) return;
    this.#tell("playing");
    this.#go();
  }

  pause() {
    if (this.#paused) return;
    this.#base = this.currentTime;
    this.#paused = true;
    clearTimeout(this.#timer);
    this.#tell("timeupdate");
    this.#tell("pause");
  }

  /**
   * To the next moment at which something was shown, or the one before.
   * @param {1 | -1} by
   */
  async step(by) {
    this.pause();
    try {
      const at = await this.#reel?.neighbour(by, this.currentTime);
      this.currentTime = at ?? (by > 0 ? this.duration : 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {string} name of one of asciinema-player's themes; empty for the recording's own colours */
  async setTheme(name) {
    this.setAttribute("theme", name);
    await this.#loading;
    if (!this.#reel || this.#reel.screen.theme === name) return;
    this.#reel.screen.close();
    this.#reel.moveTo(await this.#newScreen());
    await this.#show(this.currentTime);
  }

  async #open() {
    const segments = this.getAttribute("segments");
    const source = await (segments ? segmentedSource(segments) : wholeSource(this.src));
    // Who wants to see a moment says so now, before anything else is fetched.
    this.#ready = HTMLMediaElement.HAVE_METADATA;
    for (const name of ["durationchange", "loadedmetadata"]) this.#tell(name);
    this.#reel?.screen.close();
    this.#reel = new Reel(source, await this.#newScreen());
    // Until somebody wants to see a moment, there is something to see: most terminals begin empty.
    if (this.#paused && this.#base === 0) await this.#reel.showSample();
    else await this.#reel.show(this.#base);
    this.#ready = HTMLMediaElement.HAVE_ENOUGH_DATA;
    for (const name of ["loadeddata", "canplay", "canplaythrough"]) this.#tell(name);
  }

  #newScreen() {
    const place = /** @type {HTMLElement} */ (this.querySelector("[data-terminal]"));
    return Screen.open(place, this.getAttribute("theme") ?? "");
  }

  /** @param {unknown} error */
  #fail(error) {
    const status = error instanceof NotThere ? error.status : 0;
    // Read by whoever tells people what is wrong: a page knows more than a code does.
    this.#error = /** @type {MediaError} */ ({ code: status ? 2 : 4, message: String(error) });
    this.#base = this.currentTime;
    this.#paused = true;
    this.#seeking = false;
    clearTimeout(this.#timer);
    this.#tell("pause");
    this.#tell("error");
  }

  /** @param {number} at */
  async #seek(at) {
    this.#base = at;
    this.#since = performance.now();
    this.#ended = false;
    clearTimeout(this.#timer);
    this.#seeking = true;
    this.#tell("seeking");
    await this.#loading;
    if (!(await this.#show(at))) return;
    this.#seeking = false;
    this.#since = performance.now();
    this.#tell("timeupdate");
    this.#tell("seeked");
    this.#go();
  }

  /**
   * @param {number} at
   * @returns {Promise<boolean>} whether that is what is shown now
   */
  async #show(at) {
    if (!this.#reel) return false;
    try {
      const shown = await this.#reel.show(at);
      this.#since = performance.now();
      return shown;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Write what is due, and come back when something is due again. */
  #go() {
    clearTimeout(this.#timer);
    if (this.#paused || this.#seeking || !this.#reel) return;
    const now = this.currentTime;
    if (!this.#reel.advance(now)) {
      this.#waitForMore(now);
      return;
    }
    if (now >= this.duration) {
      this.#end();
      return;
    }
    if (this.skipIdle) this.#skip(now);
    if (performance.now() - this.#told >= TICK) {
      this.#told = performance.now();
      this.#tell("timeupdate");
    }
    const until = ((this.#reel.nextAt - this.currentTime) / this.#rate) * 1000;
    this.#timer = window.setTimeout(() => this.#go(), Math.min(Math.max(until, SHORTEST_WAIT), TICK));
  }

  /** Where nothing has happened for a while, go on to just before something does. @param {number} now */
  #skip(now) {
    const reel = /** @type {Reel} */ (this.#reel);
    const next = Math.min(reel.nextAt, this.duration);
    if (now - reel.lastAt < (reel.source.idleLimit ?? IDLE) || next - now < LEAD + LEAST_SKIPPED) return;
    this.#base = next - LEAD;
    this.#since = performance.now();
    this.dispatchEvent(new CustomEvent("skipped", { detail: { from: now, to: next } }));
  }

  /** @param {number} now */
  async #waitForMore(now) {
    this.#base = now;
    this.#seeking = true;
    this.#tell("waiting");
    try {
      await this.#reel?.loadNext();
    } catch (error) {
      this.#seeking = false;
      this.#fail(error);
      return;
    }
    if (!this.#seeking || this.#base !== now) return;
    this.#seeking = false;
    this.#since = performance.now();
    this.#tell("playing");
    this.#go();
  }

  #end() {
    this.#base = this.duration;
    this.#paused = true;
    this.#ended = true;
    this.#tell("timeupdate");
    this.#tell("pause");
    this.#tell("ended");
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

customElements.define("cast-player", CastPlayer);

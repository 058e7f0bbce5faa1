/** The transcript beside a terminal: it goes along with what is played, and each line leads to its moment. */

import { one } from "../base/dom.js";
import { parseMoment } from "../playback/moment.js";
import { Roll } from "./roll.js";

const MADE_EVERY = 3_000;
const MADE_TIMES = 40;
const TYPED = 250;
const NEAR_END = 300;
// A line's time is rounded up to the millisecond, and a player may stop a little before it.
const SLACK = 0.01;
const MOST_FOUND = 500;

/**
 * @param {HTMLElement} page
 * @param {import("./element.js").CastPlayer} player
 * @returns {() => void} goes to the transcript
 */
export function offerTranscript(page, player) {
  const section = one("[data-transcript]", page);
  const transcript = new Transcript(section, player);
  const asked = new URLSearchParams(location.search);
  transcript.begin(asked.get("q") ?? "", parseMoment(asked.get("t")) ?? 0);
  return () => {
    one("#tab-transcript", page).click();
    transcript.enter();
  };
}

class Transcript {
  #following = true;
  #isBusy = false;
  /** @type {HTMLElement | null} */
  #current = null;
  #turn = 0;
  #start = 0;

  /**
   * @param {HTMLElement} section
   * @param {import("./element.js").CastPlayer} player
   */
  constructor(section, player) {
    this.player = player;
    this.address = section.dataset["transcript"] ?? "";
    this.isMade = section.hasAttribute("data-made");
    this.list = one("[data-transcript-lines]", section);
    this.roll = new Roll(this.list);
    this.search = /** @type {HTMLInputElement} */ (one("[data-transcript-search]", section));
    this.state = one("[data-transcript-state]", section);
    this.again = one("[data-transcript-again]", section);
    this.followButton = one("[data-follow]", section);
    this.#listen();
  }

  /**
   * @param {string} words to look for at once
   * @param {number} at seconds, where the player will be
   */
  async begin(words, at) {
    this.search.value = words;
    this.#start = at;
    if (!this.isMade) this.#say("The transcript is being made.");
    for (let time = 0; !this.isMade && time < MADE_TIMES; time++) {
      await new Promise((resolve) => setTimeout(resolve, MADE_EVERY));
      this.isMade = await isMadeNow();
    }
    if (this.isMade) this.#load();
    else this.#say("The transcript takes longer to make. It will be here when you come back.");
  }

  /** Put the focus on the line that is shown now. */
  enter() {
    this.#focusOn(this.#current ?? this.list.querySelector("li:not(.blank)"));
  }

  #listen() {
    let timer = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => this.#load(), TYPED);
    });
    this.again.addEventListener("click", () => this.#load());
    this.followButton.addEventListener("click", () => this.#follow());
    this.player.addEventListener("timeupdate", () => this.#show());
    this.player.addEventListener("seeked", () => this.#show());
    this.list.addEventListener("click", (event) => this.#obey(event));
    this.list.addEventListener("keydown", (event) => this.#move(event));
    this.list.addEventListener("scroll", () => this.#reachOut());
    for (const name of ["wheel", "touchmove"]) {
      this.list.addEventListener(name, () => this.#letGo(), { passive: true });
    }
  }

  get #isSearching() {
    return this.search.value.trim() !== "";
  }

  /** What is looked for, or the lines of the moment that is shown. */
  async #load() {
    if (!this.isMade) return;
    const turn = ++this.#turn;
    const isWanted = () => turn === this.#turn;
    const words = this.search.value.trim();
    const at = this.player.currentTime || this.#start;
    const query = words ? `?q=${encodeURIComponent(words)}` : at ? `?at=${at.toFixed(3)}` : "";
    this.again.hidden = true;
    try {
      await this.roll.open(this.address + query, isWanted);
      if (!isWanted()) return;
      this.#say(this.roll.isEmpty ? (words ? "No line says that." : "Nothing was shown.") : words ? this.#found() : "");
      this.#current = null;
      this.#makeReachable(this.list.querySelector("li:not(.blank)"));
      this.#follow();
    } catch (error) {
      if (isWanted()) this.#excuse(error);
    }
  }

  #found() {
    const number = this.list.children.length;
    if (number === MOST_FOUND) return `The first ${number} lines that say it`;
    return number === 1 ? "1 line says it" : `${number} lines say it`;
  }

  /** @param {unknown} error */
  #excuse(error) {
    this.#say(`The transcript cannot be shown. ${error instanceof Error ? error.message : error}`);
    this.again.hidden = false;
  }

  /** @param {string} words */
  #say(words) {
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  /** Mark the line of this moment, and have it in sight. */
  async #show() {
    if (this.#isBusy || !this.list.children.length) return;
    const at = this.player.currentTime + SLACK;
    if (!this.#isSearching && this.#following) await this.#bring(at);
    const row = this.roll.rowAt(at);
    if (row === this.#current) return;
    this.#current?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    this.#current = row;
    if (!this.#following || !row) return;
    this.#makeReachable(row);
    const top = row.offsetTop - this.list.offsetTop;
    const isSeen = top >= this.list.scrollTop && top + row.offsetHeight <= this.list.scrollTop + this.list.clientHeight;
    if (!isSeen) this.list.scrollTop = top - this.list.clientHeight / 2;
  }

  /** Have the page with this moment. @param {number} at seconds */
  async #bring(at) {
    const { from, to } = this.roll.reach;
    const isBefore = at < from && this.roll.prev;
    const isBehind = at > to && this.roll.next;
    if (!isBefore && !isBehind) return;
    await this.#alone(async () => {
      if (isBehind) await this.roll.append();
      if (isBefore || (at > this.roll.reach.to && this.roll.next)) {
        await this.roll.open(`${this.address}?at=${at.toFixed(3)}`, () => !this.#isSearching);
      }
    });
  }

  /** Where somebody has scrolled to the end of what is there, there is more. */
  #reachOut() {
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    if (this.#isBusy) return;
    if (scrollTop + clientHeight > scrollHeight - NEAR_END && this.roll.next) this.#alone(() => this.roll.append());
    else if (scrollTop < NEAR_END && this.roll.prev) this.#alone(() => this.roll.prepend());
  }

  /** @param {() => Promise<void>} act */
  async #alone(act) {
    this.#isBusy = true;
    try {
      await act();
    } catch (error) {
      this.#excuse(error);
    } finally {
      this.#isBusy = false;
    }
  }

  #follow() {
    this.#following = true;
    this.followButton.hidden = true;
    this.#current?.removeAttribute("aria-current");
    this.#current = null;
    this.#show();
  }

  #letGo() {
    if (this.#isSearching || this.list.scrollHeight <= this.list.clientHeight) return;
    this.#following = false;
    this.followButton.hidden = false;
  }

  /** A click anywhere in a line goes to its moment, unless text was selected with it. @param {MouseEvent} event */
  #obey(event) {
    const target = event.target instanceof Element ? event.target : null;
    const link = target?.closest("li")?.querySelector("a");
    if (!link || !document.getSelection()?.isCollapsed) return;
    if (!this.#isSearching) this.#follow();
    if (!target?.closest("a")) link.click();
  }

  /** One line is reached by Tab, the others by arrows. @param {KeyboardEvent} event */
  #move(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    let row = document.activeElement?.closest("li") ?? null;
    const step = (/** @type {Element | null} */ from) =>
      event.key === "ArrowDown" ? from?.nextElementSibling : from?.previousElementSibling;
    do row = /** @type {HTMLLIElement | null} */ (step(row) ?? null);
    while (row?.className === "blank");
    if (!row) return;
    event.preventDefault();
    this.#letGo();
    this.#focusOn(row);
  }

  /** @param {Element | null} row */
  #focusOn(row) {
    this.#makeReachable(row);
    row?.querySelector("a")?.focus();
  }

  /** @param {Element | null} row */
  #makeReachable(row) {
    if (!row || row.contains(document.activeElement)) return;
    this.list.querySelector('a[tabindex="0"]')?.setAttribute("tabindex", "-1");
    row.querySelector("a")?.setAttribute("tabindex", "0");
  }
}

/** Whether the page would have it if it were loaded now. */
async function isMadeNow() {
  try {
    const response = await fetch(location.pathname, { redirect: "error" });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    return fresh.querySelector("[data-transcript][data-made]") !== null;
  } catch {
    // The connection is away for a moment.
    return false;
  }
}

/** A long list of lines of which only some pages are there: those around what is looked at. */

import { pageAt, rowOf } from "./lines.js";

const MOST_PAGES = 5;

/** @typedef {{ times: number[], rows: HTMLLIElement[], prev: string, next: string }} Shown */

export class Roll {
  /** @type {Shown[]} */
  #pages = [];

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  get isEmpty() {
    return !this.#pages.some((page) => page.rows.length);
  }

  get prev() {
    return this.#pages[0]?.prev ?? "";
  }

  get next() {
    return this.#pages.at(-1)?.next ?? "";
  }

  /** Seconds of the first line that is there, and of the last. */
  get reach() {
    return { from: this.#pages[0]?.times[0] ?? 0, to: this.#pages.at(-1)?.times.at(-1) ?? 0 };
  }

  /**
   * This page and no other.
   * @param {string} address
   * @param {() => boolean} [isWanted] whether it still is when it comes
   */
  async open(address, isWanted = () => true) {
    const page = made(await pageAt(address));
    if (!isWanted()) return;
    this.#pages = [page];
    this.list.replaceChildren(...page.rows);
    this.list.scrollTop = 0;
  }

  /** The page behind the last one. */
  async append() {
    const last = this.#pages.at(-1);
    if (!last?.next) return;
    const page = made(await pageAt(last.next));
    if (this.#pages.at(-1) !== last) return;
    this.#pages.push(page);
    this.list.append(...page.rows);
    if (this.#pages.length <= MOST_PAGES) return;
    const height = this.list.scrollHeight;
    for (const row of this.#pages.shift()?.rows ?? []) row.remove();
    this.list.scrollTop -= height - this.list.scrollHeight;
  }

  /** The page before the first one; what is looked at stays where it is. */
  async prepend() {
    const first = this.#pages[0];
    if (!first?.prev) return;
    const page = made(await pageAt(first.prev));
    if (this.#pages[0] !== first) return;
    const height = this.list.scrollHeight;
    this.#pages.unshift(page);
    this.list.prepend(...page.rows);
    this.list.scrollTop += this.list.scrollHeight - height;
    if (this.#pages.length > MOST_PAGES) for (const row of this.#pages.pop()?.rows ?? []) row.remove();
  }

  /**
   * The last line that stood there at a moment.
   * @param {number} at seconds
   * @returns {HTMLLIElement | null}
   */
  rowAt(at) {
    for (const { times, rows } of [...this.#pages].reverse()) {
      let [low, high] = [0, times.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (/** @type {number} */ (times[middle]) <= at) low = middle + 1;
        else high = middle;
      }
      while (low > 0 && rows[low - 1]?.className === "blank") low--;
      if (low > 0) return rows[low - 1] ?? null;
    }
    return null;
  }
}

/**
 * @param {import("./lines.js").Page} page
 * @returns {Shown}
 */
function made({ lines, prev, next }) {
  const rows = lines.map((line, index) => rowOf(line, lines[index - 1]));
  return { times: lines.map((line) => line.at_seconds), rows, prev, next };
}

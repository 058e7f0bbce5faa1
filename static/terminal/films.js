/** Films of a terminal recording: made by the portal while somebody watches, and downloaded from the menu. */

import { ask } from "../base/api.js";
import { one } from "../base/dom.js";
import { megabytes } from "../base/format.js";
import { toast } from "../base/toast.js";

const EVERY = 1_000;

/**
 * @typedef {object} Film
 * @property {string} format
 * @property {boolean} skip_idle
 * @property {"making" | "ready" | "failed"} status
 * @property {number} progress per cent
 * @property {string} error
 * @property {number | null} size_bytes
 * @property {string} url
 */

/**
 * Offer films in the menu. Each is that of the recording as it is played now: with its idle time, or without.
 * @param {HTMLElement} page
 */
export function offerFilms(page) {
  const menu = page.querySelector("[data-films]");
  if (!(menu instanceof HTMLElement)) return;
  const address = `/api/recordings/${page.dataset["recording"]}/exports`;
  const films = new Films(menu, address, () => page.querySelector("[data-skip-idle]")?.getAttribute("aria-pressed") !== "false");
  menu.closest("details")?.addEventListener("toggle", () => films.look());
  menu.addEventListener("click", (event) => {
    const item = event.target instanceof Element ? event.target.closest("[data-film]") : null;
    if (item instanceof HTMLElement) films.choose(item);
  });
}

class Films {
  /** @type {Map<string, Film>} by form, of those that are played like the recording now */
  #known = new Map();
  #following = false;

  /**
   * @param {HTMLElement} menu
   * @param {string} address
   * @param {() => boolean} skipsIdle
   */
  constructor(menu, address, skipsIdle) {
    this.menu = menu;
    this.address = address;
    this.skipsIdle = skipsIdle;
  }

  /** Show which there are. */
  async look() {
    /** @type {Film[]} */
    let films;
    try {
      films = await ask("GET", this.address);
    } catch {
      // What the menu offers is right without it: asking for a film that there is gives that.
      if ([...this.#known.values()].some((film) => film.status === "making")) this.#follow();
      return;
    }
    const before = this.#known;
    this.#known = new Map(films.filter((film) => film.skip_idle === this.skipsIdle()).map((film) => [film.format, film]));
    for (const [form, film] of this.#known) this.#tell(form, before.get(form), film);
    this.#show();
    if (films.some((film) => film.status === "making")) this.#follow();
  }

  /**
   * Download a film, or have it made.
   * @param {HTMLElement} item
   */
  async choose(item) {
    const form = item.dataset["film"] ?? "";
    const there = this.#known.get(form);
    if (there?.status === "ready") {
      location.assign(there.url);
    } else if (there?.status !== "making") {
      try {
        this.#known.set(form, await ask("POST", this.address, { format: form, skip_idle: this.skipsIdle() }));
      } catch (error) {
        toast(`The ${nameOf(item)} was not begun. ${error instanceof Error ? error.message : error}`);
      }
      this.#show();
      this.#follow();
    }
  }

  /** Look again until all are made. */
  #follow() {
    if (this.#following) return;
    this.#following = true;
    setTimeout(() => {
      this.#following = false;
      this.look();
    }, EVERY);
  }

  #show() {
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.menu.querySelectorAll("[data-film]"))) {
      one("[data-words]", item).textContent = wordsFor(nameOf(item), this.#known.get(item.dataset["film"] ?? ""));
    }
  }

  /**
   * Say how one that was being made ended.
   * @param {string} form
   * @param {Film | undefined} before
   * @param {Film} now
   */
  #tell(form, before, now) {
    if (before?.status !== "making" || now.status === "making") return;
    const name = nameOf(one(`[data-film="${form}"]`, this.menu));
    if (now.status === "ready") toast(`The ${name} is made.`, { label: "Download", run: () => location.assign(now.url) });
    else toast(`The ${name} was not made. ${now.error}`);
  }
}

/** @param {HTMLElement} item */
const nameOf = (item) => item.dataset["name"] ?? "";

/**
 * @param {string} name
 * @param {Film | undefined} film
 */
function wordsFor(name, film) {
  if (film?.status === "ready") return `Download ${name}, ${megabytes(film.size_bytes ?? 0)}`;
  if (film?.status === "making") return `Making ${name}: ${film.progress} %`;
  return `Make ${name}`;
}

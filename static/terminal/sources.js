/** Where the events of a recording come from: one after the other, or segment by segment where there are many. */

import { CastReader, themeOf } from "./cast.js";

/**
 * @typedef {import("./cast.js").Event} Event
 * @typedef {import("./cast.js").Size} Size
 * @typedef {import("./cast.js").Theme} Theme
 */

/**
 * A segment of a recording from `start` seconds up to, but not including, `end`: what the screen showed then, and what
 * came after. That of a recording which is still arriving grows.
 * @typedef {{ start: number, end: number, size: Size, init: string, events: Event[] }} Segment
 */

/**
 * @typedef {object} Source
 * @property {number | null} idleLimit what its recorder suggests to make of longer gaps, in seconds
 * @property {Theme | null} theme
 * @property {(at: number) => Segment | null} known the segment of a moment, if it is there already
 * @property {(at: number) => Promise<Segment>} load
 */

/** The answer was no success; `status` says which. */
export class NotThere extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`Sortie answered with ${status}.`);
    this.status = status;
  }
}

// Characters of a cast that are waited for before any of it is shown, or more of it.
const AT_ONCE = 1_000_000;

/**
 * A whole cast, which is one segment. Of a large one the beginning is there long before the end.
 * @param {string} address
 * @returns {Promise<Source>}
 */
export async function wholeSource(address) {
  const { body } = await answer(address);
  if (!body) throw new NotThere(0);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const cast = new CastReader();
  /** @type {Event[]} */
  const events = [];
  const keep = (/** @type {Event[]} */ further) => {
    for (const event of further) events.push(event);
  };
  const read = async () => {
    for (let taken = 0; taken < AT_ONCE; ) {
      const { done, value } = await reader.read();
      keep(done ? cast.end() : cast.take(value));
      if (done) return Infinity;
      taken += value.length;
    }
    return events.at(-1)?.[0] ?? 0;
  };
  const end = await read();
  if (!cast.head) throw new NotThere(0);
  /** @type {Segment} */
  const all = { start: 0, end, size: cast.head.size, init: "", events };
  let more = Promise.resolve();
  const readOn = async () => {
    all.end = await read();
    if (all.end < Infinity) goOn();
  };
  const goOn = () => {
    more = readOn();
    // Who waits for it is told.
    more.catch(() => undefined);
  };
  if (end < Infinity) goOn();
  const load = async (/** @type {number} */ at) => {
    while (at >= all.end) await more;
    return all;
  };
  return { theme: cast.head.theme, idleLimit: cast.head.idleLimit, known: (at) => (at < all.end ? all : null), load };
}

const KEPT = 6;

/**
 * Segments that are fetched when they are needed, and the next one ahead of that.
 * @param {string} address of their index
 * @returns {Promise<Source>}
 */
export async function segmentedSource(address) {
  const index = await (await answer(address)).json();
  /** @type {number[]} */
  const starts = index.starts;
  /** @type {Map<number, Promise<Segment>>} */
  const asked = new Map();
  /** @type {Map<number, Segment>} */
  const kept = new Map();

  const numberAt = (/** @type {number} */ at) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const fetched = async (/** @type {number} */ number) => {
    const place = new URL(address, location.href);
    place.pathname += `/${number}`;
    place.searchParams.set("of", index.version);
    const { snapshot, events } = await (await answer(place.href)).json();
    /** @type {Segment} */
    const segment = {
      start: starts[number] ?? 0,
      end: starts[number + 1] ?? Infinity,
      size: { cols: snapshot.cols, rows: snapshot.rows },
      init: snapshot.init,
      events,
    };
    kept.set(number, segment);
    for (const old of [...kept.keys()].slice(0, -KEPT)) kept.delete(old);
    return segment;
  };
  const ask = (/** @type {number} */ number) => {
    const there = kept.get(number);
    if (there) return Promise.resolve(there);
    const waiting = asked.get(number) ?? fetched(number).finally(() => asked.delete(number));
    asked.set(number, waiting);
    return waiting;
  };
  return {
    theme: themeOf(index.theme),
    idleLimit: index.idle_limit,
    known: (at) => kept.get(numberAt(at)) ?? null,
    load: async (at) => {
      const number = numberAt(at);
      const segment = await ask(number);
      // What comes next; if it does not come now it is asked for again when it is needed.
      if (number + 1 < starts.length) ask(number + 1).catch(() => undefined);
      return segment;
    },
  };
}

/**
 * @param {string} address
 * @returns {Promise<Response>}
 */
async function answer(address) {
  // A page of ours would be the one that asks to sign in.
  const response = await fetch(address, { redirect: "manual" });
  if (response.type === "opaqueredirect") throw new NotThere(401);
  if (!response.ok) throw new NotThere(response.status);
  return response;
}

/** Lines of a transcript: asked for by pages, and made into rows that lead to their moments. */

import { Refused, UNREACHABLE, refusal } from "../base/api.js";
import { clock } from "../base/format.js";

/** @typedef {{ at_seconds: number, text: string, marks: [number, number][] }} Line */
/** @typedef {{ lines: Line[], prev: string, next: string }} Page addresses of the pages around it, or "" */

/**
 * @param {string} address
 * @returns {Promise<Page>}
 * @throws {Refused}
 */
export async function pageAt(address) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "application/json" } });
  } catch {
    throw new Refused(0, UNREACHABLE);
  }
  if (!response.ok) throw refusal(response.status, await response.text());
  const links = response.headers.get("Link") ?? "";
  return { lines: await response.json(), prev: linked(links, "prev"), next: linked(links, "next") };
}

/**
 * @param {string} links
 * @param {string} rel
 */
function linked(links, rel) {
  const address = new RegExp(`<([^>]*)>; rel="${rel}"`).exec(links)?.[1];
  if (!address) return "";
  // Only the question is taken: behind a proxy the portal may know itself by another name.
  const url = new URL(address);
  return url.pathname + url.search;
}

/**
 * @param {Line} line
 * @param {Line | undefined} before
 * @returns {HTMLLIElement}
 */
export function rowOf(line, before) {
  const row = document.createElement("li");
  if (!line.text) {
    row.className = "blank";
    row.ariaHidden = "true";
    return row;
  }
  const at = document.createElement("a");
  at.className = "at";
  at.href = `?t=${line.at_seconds}s`;
  at.textContent = clock(line.at_seconds);
  at.tabIndex = -1;
  row.classList.toggle("same", before !== undefined && clock(before.at_seconds) === at.textContent);
  const text = document.createElement("span");
  text.className = "text";
  text.append(...marked(line));
  row.append(at, text);
  return row;
}

/**
 * The text with what was looked for marked. Places are counted in characters, of which some are two to JavaScript.
 * @param {Line} line
 */
function marked({ text, marks }) {
  if (!marks.length) return [text];
  const characters = [...text];
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  let done = 0;
  for (const [start, end] of marks) {
    const mark = document.createElement("mark");
    mark.textContent = characters.slice(start, end).join("");
    parts.push(characters.slice(done, start).join(""), mark);
    done = end;
  }
  parts.push(characters.slice(done).join(""));
  return parts;
}

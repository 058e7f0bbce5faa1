/** Bringing rows up to date without disturbing whoever is using them. */

import { showTimes } from "../base/times.js";

/** @typedef {{ row: HTMLElement, was: string }} Change a row whose status is another than it was */

/**
 * Make the rows of `list` those of `fresh`. Those that are the same are not touched; ticks and the focus stay.
 * @param {Element} list
 * @param {Element} fresh
 * @returns {Change[]}
 */
export function swap(list, fresh) {
  /** @type {Change[]} */
  const changes = [];
  const wanted = /** @type {HTMLElement[]} */ ([...fresh.children]);
  const ids = new Set(wanted.map((row) => row.id));
  for (const row of [...list.children]) if (!ids.has(row.id) && !isInUse(row)) row.remove();
  wanted.forEach((next, index) => {
    const row = document.getElementById(next.id);
    if (row === null) {
      showTimes(next);
      list.insertBefore(next, list.children[index] ?? null);
    } else if (row.dataset["version"] !== next.dataset["version"] && !isInUse(row)) {
      const was = row.dataset["status"] ?? "";
      replace(row, next);
      if (was !== next.dataset["status"]) changes.push({ row: next, was });
    }
  });
  return changes;
}

/**
 * Whether somebody is in the middle of something in this row: it is brought up to date another time.
 * @param {Element} row
 */
function isInUse(row) {
  return row.querySelector(".in-place, [data-menu][open]") !== null;
}

/**
 * @param {HTMLElement} row
 * @param {HTMLElement} next
 */
function replace(row, next) {
  const key = row.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
  const picked = row.querySelector("input[name=id]");
  showTimes(next);
  const pick = next.querySelector("input[name=id]");
  if (picked instanceof HTMLInputElement && pick instanceof HTMLInputElement) pick.checked = picked.checked;
  row.replaceWith(next);
  if (key) /** @type {HTMLElement | null} */ (next.querySelector(`[data-key="${key}"]`))?.focus();
}

/**
 * Whether the list has no rows any more. What to show instead is the server's to say.
 * @param {Element} list
 */
export function isEmpty(list) {
  return !list.querySelector("[data-row]");
}

/**
 * Take a row away, and put the focus on the row that takes its place.
 * @param {Element} row
 */
export function takeAway(row) {
  const near = row.nextElementSibling ?? row.previousElementSibling;
  const focused = row.contains(document.activeElement) || document.activeElement === document.body;
  row.remove();
  if (!focused) return;
  const next = near?.querySelector('[data-key="name"]') ?? document.getElementById("main");
  if (next instanceof HTMLElement) next.focus();
}

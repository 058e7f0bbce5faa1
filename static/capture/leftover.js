/** The quiet bar on any page: a recording of this browser that was cut off has something left to send. */

import { ask, Refused } from "../base/api.js";
import { confirmed } from "../base/confirm.js";
import { copyOf, one } from "../base/dom.js";
import { megabytes, spoken } from "../base/format.js";
import { toast } from "../base/toast.js";
import { held, hold, whenReleased } from "./locks.js";
import { Sender, Stuck } from "./sender.js";
import { Shelf } from "./shelf.js";

/** @typedef {import("./shelf.js").Take} Take */

const bar = one("[data-leftover]");
const owner = bar.dataset["viewer"] ?? "";

/** Show what was left behind, and take away what another page has dealt with. */
async function look() {
  const shelf = await Shelf.open();
  const all = await shelf.takes(owner);
  const alive = await held();
  const left = all.filter((take) => !alive.has(take.id));
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (bar.querySelectorAll("[data-take]"))) {
    if (!row.hasAttribute("data-busy") && !left.some((take) => take.id === row.dataset["take"])) row.remove();
  }
  for (const take of left) if (!bar.querySelector(`[data-take="${take.id}"]`)) offer(shelf, take);
  bar.hidden = !bar.firstElementChild;
}

/**
 * @param {Shelf} shelf
 * @param {Take} take
 */
function offer(shelf, take) {
  const row = copyOf("leftover-template");
  row.dataset["take"] = take.id;
  one("[data-title]", row).textContent = take.title;
  one("[data-length]", row).textContent = spoken(take.seconds);
  const left = take.bytes - take.sent;
  // Before anything is sent its length in bytes says more than how long it lasts.
  one("[data-left]", row).textContent = left ? `has ${spoken(take.seconds - take.sentSeconds)} left to send` : "was cut off";
  one("[data-finish]", row).addEventListener("click", () => finish(shelf, take, row));
  one("[data-discard]", row).addEventListener("click", () => discard(shelf, take, row));
  bar.append(row);
}

/**
 * @param {Shelf} shelf
 * @param {Take} take
 * @param {HTMLElement} row
 */
async function finish(shelf, take, row) {
  const release = await busy(take, row);
  if (!release) return;
  const words = one("[data-words]", row);
  const sender = new Sender(shelf, take, () => {
    words.textContent = sender.trouble || `“${take.title}”: ${megabytes(take.bytes - take.sent)} left to send.`;
  });
  take.over = true;
  const warn = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();
  window.addEventListener("beforeunload", warn);
  words.textContent = `“${take.title}” is being sent.`;
  try {
    await sender.run();
    row.remove();
    toast(`“${take.title}” is complete.`, { label: "Watch", run: () => location.assign(`/recordings/${take.id}`) });
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    words.textContent = error.message;
    again(row, !error.gone);
  } finally {
    window.removeEventListener("beforeunload", warn);
    release();
    row.removeAttribute("data-busy");
    bar.hidden = !bar.firstElementChild;
  }
}

/**
 * @param {Shelf} shelf
 * @param {Take} take
 * @param {HTMLElement} row
 */
async function discard(shelf, take, row) {
  const words = take.sent
    ? `${megabytes(take.bytes - take.sent)} in this browser are forgotten. What had arrived can be restored for a while under Deleted recordings.`
    : "It is only in this browser. Nothing of it will be left.";
  if (!(await confirmed({ title: `Discard “${take.title}”?`, words, yes: "Discard" }))) return;
  const release = await busy(take, row);
  if (!release) return;
  try {
    await ask("DELETE", `/api/recordings/${take.id}`).catch((error) => {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    });
    await shelf.drop(take.id);
    row.remove();
  } catch (error) {
    again(row, true);
    toast(`It was not discarded. ${error instanceof Error ? error.message : error}`);
  }
  release();
  row.removeAttribute("data-busy");
  bar.hidden = !bar.firstElementChild;
}

/**
 * Have the take for this page alone.
 * @param {Take} take
 * @param {HTMLElement} row
 */
async function busy(take, row) {
  const release = await hold(take.id);
  if (!release) {
    one("[data-words]", row).textContent = `“${take.title}” is being sent by another tab.`;
    return null;
  }
  row.setAttribute("data-busy", "");
  for (const button of row.querySelectorAll("button")) button.hidden = true;
  return release;
}

/**
 * @param {HTMLElement} row
 * @param {boolean} canFinish
 */
function again(row, canFinish) {
  one("[data-finish]", row).hidden = !canFinish;
  one("[data-discard]", row).hidden = false;
}

// Without these a browser cannot have recorded anything, nor tell whose tab is still alive.
if (navigator.locks && window.indexedDB) {
  look();
  whenReleased(look);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}

/** While anything in the list is unfinished, look again and show what became of it. */

import { announce } from "../base/announce.js";
import { isEmpty, swap } from "./rows.js";

const EVERY = 2_000;
const EVERY_WHEN_FAILING = 10_000;
const UNFINISHED = '[data-status="recording"], [data-status="uploading"], [data-awaits-pictures]';
const SAID = /** @type {Record<string, string>} */ ({
  uploading: "is being uploaded",
  ready: "is ready",
  failed: "has failed",
});

/** @param {HTMLFormElement} list */
export function keepUpToDate(list) {
  let timer = 0;
  const later = (/** @type {number} */ after) => {
    clearTimeout(timer);
    if (!document.hidden && list.querySelector(UNFINISHED)) timer = window.setTimeout(look, after);
  };
  const look = async () => {
    try {
      await refresh(list);
      later(EVERY);
    } catch {
      // The connection or the portal is away for a while: the page says so itself, and the rows stay as they were.
      later(EVERY_WHEN_FAILING);
    }
  };
  document.addEventListener("visibilitychange", () => later(0));
  later(EVERY);
}

/** @param {HTMLFormElement} list */
async function refresh(list) {
  const response = await fetch(`${list.dataset["liveUrl"]}${location.search}`, { redirect: "error" });
  if (!response.ok) throw new Error(`Status ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[data-rows]");
  const rows = list.querySelector("[data-rows]");
  if (!fresh || !rows) throw new Error("The answer has no rows.");
  for (const { row } of swap(rows, document.adoptNode(fresh))) {
    const said = SAID[row.dataset["status"] ?? ""];
    if (said) announce(`${row.dataset["name"]} ${said}.`);
  }
  if (isEmpty(list)) location.reload();
  list.dispatchEvent(new Event("change"));
}

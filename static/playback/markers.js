/** Named moments: add one where the player is, go to them, take them away. */

import { announce } from "../base/announce.js";
import { ask } from "../base/api.js";
import { copyOf, one } from "../base/dom.js";
import { editInPlace } from "../base/edit.js";
import { clock } from "../base/format.js";
import { toast } from "../base/toast.js";

const NAMELESS = "Marker";

/**
 * @param {HTMLElement} page
 * @param {string} id
 * @param {import("./watched.js").Watched} video
 * @returns {{ add: () => void }}
 */
export function offerMarkers(page, id, video) {
  const section = one("[data-markers]", page);
  const list = one("ul", section);
  const add = () => begin(section, list, id, video.currentTime);
  one("[data-mark]", page).addEventListener("click", add);
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-unmark]") : null;
    const item = button?.closest("li");
    if (item) takeAway(section, item, id);
  });
  return { add };
}

/**
 * A new line in the list whose name is being typed; it is kept with the name, or without one.
 * @param {HTMLElement} section
 * @param {HTMLElement} list
 * @param {string} id
 * @param {number} at seconds
 */
async function begin(section, list, id, at) {
  const item = copyOf("marker-template");
  const link = /** @type {HTMLAnchorElement} */ (one("a.at", item));
  link.textContent = clock(at);
  link.href = `?t=${at.toFixed(3)}s`;
  item.dataset["at"] = String(Math.round(at * 1000));
  one("[data-unmark]", item).setAttribute("aria-label", `Delete marker at ${clock(at)}`);
  const label = one(".label", item);
  label.textContent = NAMELESS;
  section.hidden = false;
  place(list, item);
  const named = await editInPlace(label, {
    label: `Name of the marker at ${clock(at)}`,
    value: "",
    longest: 200,
    save: async (text) => {
      label.textContent = text;
      await keep(item, id, at, text);
    },
  });
  if (!named) await keepNameless(section, item, id, at);
  announce(`Marker at ${clock(at)} added.`);
}

/**
 * @param {HTMLElement} section
 * @param {HTMLElement} item
 * @param {string} id
 * @param {number} at
 */
async function keepNameless(section, item, id, at) {
  try {
    await keep(item, id, at, "");
  } catch (error) {
    item.remove();
    hideIfEmpty(section);
    toast(`The marker was not added. ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {HTMLElement} item
 * @param {string} id
 * @param {number} at
 * @param {string} label
 */
async function keep(item, id, at, label) {
  const marker = await ask("POST", `/api/recordings/${id}/markers`, { at_seconds: Number(at.toFixed(3)), label });
  item.dataset["marker"] = marker.id;
}

/**
 * Put a line where its time belongs.
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 */
function place(list, item) {
  const lines = /** @type {HTMLElement[]} */ ([...list.children]);
  const after = lines.find((line) => Number(line.dataset["at"]) > Number(item.dataset["at"]));
  list.insertBefore(item, after ?? null);
}

/**
 * @param {HTMLElement} section
 * @param {HTMLElement} item
 * @param {string} id
 */
async function takeAway(section, item, id) {
  const marker = item.dataset["marker"];
  if (!marker) return;
  try {
    await ask("DELETE", `/api/recordings/${id}/markers/${marker}`);
  } catch (error) {
    toast(`The marker was not deleted. ${error instanceof Error ? error.message : error}`);
    return;
  }
  const next = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  hideIfEmpty(section);
  const focus = next?.querySelector("a.at") ?? document.querySelector("[data-mark]");
  if (focus instanceof HTMLElement) focus.focus();
}

/** @param {HTMLElement} section */
function hideIfEmpty(section) {
  section.hidden = !section.querySelector("li");
}

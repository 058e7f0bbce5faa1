/** Deleting from the list: asked first, and undone by one button for as long as the toast stays. */

import { ask } from "../base/api.js";
import { confirmed } from "../base/confirm.js";
import { collect, leave } from "../base/handover.js";
import { toast } from "../base/toast.js";
import { isEmpty, takeAway } from "./rows.js";

/** @param {HTMLFormElement} list */
export function offerRemoving(list) {
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-delete], [data-delete-selected]") : null;
    if (!button) return;
    event.preventDefault();
    remove(list, button.hasAttribute("data-delete") ? rowsOf(button) : selected(list));
  });
}

/** @param {Element} button */
const rowsOf = (button) => /** @type {HTMLElement[]} */ ([button.closest("[data-row]")]);

/** @param {HTMLFormElement} list */
function selected(list) {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-row]:has(input[name=id]:checked)")]);
}

/**
 * @param {HTMLFormElement} list
 * @param {HTMLElement[]} rows
 */
async function remove(list, rows) {
  const [first] = rows;
  if (!first) return;
  const name = rows.length === 1 ? `“${first.dataset["name"]}”` : `${rows.length} recordings`;
  const hours = list.dataset["keepHours"];
  const warning = `${rows.length === 1 ? "It" : "They"} can be restored for ${hours} h, then nothing is left.`;
  if (!(await confirmed({ title: `Delete ${name}?`, words: warning, yes: "Delete" }))) return;
  /** @type {string[]} */
  const gone = [];
  for (const row of rows) {
    const id = row.dataset["row"] ?? "";
    try {
      await ask("DELETE", `/api/recordings/${id}`);
      takeAway(row);
      gone.push(id);
    } catch (error) {
      toast(`“${row.dataset["name"]}” was not deleted. ${error instanceof Error ? error.message : error}`);
    }
  }
  list.reset();
  const words = rows.length === 1 ? `Deleted ${name}.` : `Deleted ${gone.length} recordings.`;
  if (gone.length && isEmpty(list)) {
    leave("deleted", { ids: gone, words });
    location.reload();
  } else if (gone.length) offerUndo(gone, words);
}

/** What was deleted on another page can be brought back from here just the same. */
export function offerUndoOfLast() {
  const last = collect("deleted");
  if (last) offerUndo(last.ids, last.words);
}

/**
 * @param {string[]} ids
 * @param {string} words
 */
function offerUndo(ids, words) {
  toast(words, { label: "Undo", run: () => undo(ids) });
}

/** @param {string[]} ids */
async function undo(ids) {
  try {
    for (const id of ids) await ask("POST", `/api/recordings/${id}/restore`);
    location.reload();
  } catch (error) {
    toast(`Not all could be restored. ${error instanceof Error ? error.message : error}`);
  }
}

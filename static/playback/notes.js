/** Notes are written where they are read, and kept by themselves. */

import { ask } from "../base/api.js";

const AFTER = 1_000;

/**
 * @param {HTMLTextAreaElement} field
 * @param {string} id
 */
export function keepNotes(field, id) {
  const state = document.querySelector("[data-notes-state]");
  let kept = field.value;
  let timer = 0;
  const say = (/** @type {string} */ words) => {
    if (state) state.textContent = words;
  };
  const keep = async () => {
    clearTimeout(timer);
    const notes = field.value;
    if (notes === kept) return;
    say("Saving");
    try {
      await ask("PATCH", `/api/recordings/${id}`, { notes });
      kept = notes;
      say("Saved");
    } catch (error) {
      say(`Not saved. ${error instanceof Error ? error.message : error}`);
    }
  };
  field.readOnly = false;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(keep, AFTER);
  });
  field.addEventListener("blur", keep);
  window.addEventListener("beforeunload", (event) => {
    if (field.value === kept) return;
    keep();
    event.preventDefault();
  });
}

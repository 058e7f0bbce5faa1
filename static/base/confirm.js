/** Ask before something that cannot simply be undone. */

import { copyOf, one } from "./dom.js";

/**
 * @param {{ title: string, words: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, words, yes }) {
  const dialog = /** @type {HTMLDialogElement} */ (copyOf("confirm-template"));
  one("[data-title]", dialog).textContent = title;
  one("[data-words]", dialog).textContent = words;
  one("[data-yes]", dialog).textContent = yes;
  document.body.append(dialog);
  dialog.showModal();
  one("[data-yes]", dialog).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

/** A sentence in passing, perhaps with one thing to do about it. */

import { copyOf, one } from "./dom.js";

const STAYS = 6_000;
const STAYS_WITH_ACT = 12_000;

/**
 * @param {string} words
 * @param {{ label: string, run: () => unknown }} [act]
 */
export function toast(words, act) {
  const element = copyOf("toast-template");
  one("[data-words]", element).textContent = words;
  if (act) {
    const button = one("[data-act]", element);
    button.textContent = act.label;
    button.hidden = false;
    button.addEventListener("click", () => {
      element.remove();
      act.run();
    });
  }
  one("[data-toasts]").append(element);
  dismissLater(element, act ? STAYS_WITH_ACT : STAYS);
}

/** Those the server wrote go away like others. */
export function adoptToasts() {
  for (const element of document.querySelectorAll("[data-toasts] .toast")) {
    dismissLater(/** @type {HTMLElement} */ (element), STAYS);
  }
}

/**
 * Take a toast away in time, but not while somebody points at it or has the focus in it.
 * @param {HTMLElement} element
 * @param {number} after milliseconds
 */
function dismissLater(element, after) {
  element.querySelector("[data-close]")?.addEventListener("click", () => element.remove());
  const tick = () => {
    if (element.matches(":hover, :focus-within")) setTimeout(tick, 2_000);
    else element.remove();
  };
  setTimeout(tick, after);
}

/** Time in which nothing happens: whether it is skipped, and what was. */

import { announce } from "../base/announce.js";
import { spoken } from "../base/format.js";

const REMEMBERED = "sortie-skip-idle";
const SHOWN_FOR = 2_000;

/**
 * @param {HTMLElement} page
 * @param {import("./element.js").CastPlayer} player
 * @returns {() => void} turns it on or off
 */
export function offerSkipping(page, player) {
  const button = page.querySelector("[data-skip-idle]");
  const note = page.querySelector("[data-skipped]");
  if (!(button instanceof HTMLElement) || !(note instanceof HTMLElement)) return () => undefined;
  const set = (/** @type {boolean} */ on) => {
    player.skipIdle = on;
    button.setAttribute("aria-pressed", String(on));
  };
  set(localStorage.getItem(REMEMBERED) !== "off");
  const toggle = () => {
    set(!player.skipIdle);
    localStorage.setItem(REMEMBERED, player.skipIdle ? "on" : "off");
    announce(player.skipIdle ? "Idle time is skipped." : "Idle time is played.");
  };
  button.addEventListener("click", toggle);
  let timer = 0;
  player.addEventListener("skipped", (event) => {
    const { from, to } = /** @type {CustomEvent} */ (event).detail;
    note.textContent = `Skipped ${spoken(to - from)}`;
    note.hidden = false;
    clearTimeout(timer);
    timer = window.setTimeout(() => (note.hidden = true), SHOWN_FOR);
  });
  return toggle;
}

/** What a page can do with a terminal recording beyond what it can do with any. */

import { playOnClick } from "./click.js";
import { copyAsLines } from "./copying.js";
import { CastPlayer } from "./element.js";
import { offerFilms } from "./films.js";
import { offerSkipping } from "./idle.js";
import { offerThemes } from "./themes.js";

export { CastPlayer };

/**
 * @param {HTMLElement} page
 * @param {CastPlayer} player
 * @returns {Record<string, () => void>} what further keys do
 */
export function offerTerminal(page, player) {
  playOnClick(player);
  // Who came to see a moment is shown that, and no sign in front of it.
  player.addEventListener("seeked", () => page.querySelector("[data-begin]")?.remove(), { once: true });
  copyAsLines(player);
  offerFilms(page);
  offerThemes(page, player);
  return { i: offerSkipping(page, player) };
}

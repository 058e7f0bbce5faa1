/** While a recording is unfinished its page waits, and shows it as soon as there is something to see. */

import { ask, Refused } from "../base/api.js";

const EVERY = 2_000;

/**
 * @param {HTMLElement} page
 * @param {string} id
 */
export function waitUntilFinished(page, id) {
  const shown = page.dataset["status"];
  if (shown !== "recording" && shown !== "uploading") return;
  const look = async () => {
    try {
      const { status } = await ask("GET", `/api/recordings/${id}`);
      if (status !== shown) return location.reload();
    } catch (error) {
      // Gone for good: the reloaded page says so. Anything else may pass.
      if (error instanceof Refused && error.status === 404) return location.reload();
    }
    setTimeout(look, EVERY);
  };
  setTimeout(look, EVERY);
}

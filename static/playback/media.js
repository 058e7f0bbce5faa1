/** What becomes of the media itself: it plays, or the page says why not. */

import { one } from "../base/dom.js";
import { collect } from "../base/handover.js";

const WORDS = /** @type {Record<number, string>} */ ({
  401: "You were signed out. Sign in again in another tab, then try again.",
  404: "This recording is not there any more. Somebody may have deleted it.",
  410: "The store has lost this recording’s bytes. Tell an admin.",
  503: "The store of recordings cannot be reached. Try again in a minute.",
});

/**
 * @param {HTMLElement} page
 * @param {import("./watched.js").Watched} video
 */
export function tellWhatBroke(page, video) {
  const broken = one("[data-broken]", page);
  // An address that an object store was asked to honour for some minutes may be over: one new one is asked for.
  let renewed = false;
  let reached = 0;
  let playing = false;
  video.addEventListener("pause", () => (playing = false));
  video.addEventListener("timeupdate", () => {
    if (video.currentTime) reached = video.currentTime;
  });
  video.addEventListener("playing", () => {
    renewed = false;
    playing = true;
  });
  const again = () => {
    broken.hidden = true;
    const [at, play] = [reached, playing];
    const goOn = () => {
      if (at) video.currentTime = at;
      if (play) video.play().catch(() => undefined);
    };
    video.addEventListener("loadedmetadata", goOn, { once: true });
    video.load();
  };
  const fail = async () => {
    if (!renewed && reached > 0) {
      renewed = true;
      again();
      return;
    }
    one("[data-broken-words]", broken).textContent = await whyBroken(video);
    broken.hidden = false;
  };
  video.addEventListener("error", fail);
  one("[data-try-again]", broken).addEventListener("click", again);
  // It may have failed before this script came.
  if (video.error) fail();
}

/**
 * @param {import("./watched.js").Watched} video
 * @returns {Promise<string>}
 */
async function whyBroken(video) {
  try {
    const response = await fetch(video.currentSrc || video.src, { method: "HEAD", redirect: "manual" });
    if (response.type === "opaqueredirect") return WORDS[401] ?? "";
    if (!response.ok) return WORDS[response.status] ?? `Sortie answered with error ${response.status}. Try again in a moment.`;
  } catch {
    return "Sortie cannot be reached. Check your connection, then try again.";
  }
  return "Your browser could not play this recording. Download it, and open it with another player.";
}

/**
 * Play at once what was recorded just now. The browser may refuse; then it waits to be played.
 * @param {string} id
 * @param {import("./watched.js").Watched} video
 */
export function playIfNew(id, video) {
  if (collect("recorded")?.id === id) video.play().catch(() => undefined);
}

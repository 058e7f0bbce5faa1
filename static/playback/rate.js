/** How fast it plays: changed by keys, and round and round by its button. */

import { announce } from "../base/announce.js";
import { one } from "../base/dom.js";

const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

/**
 * @param {HTMLElement} page
 * @param {import("./watched.js").Watched} video
 * @returns {(by: 1 | -1) => void} slower or faster by one step
 */
export function offerRates(page, video) {
  const button = one("[data-rate]", page);
  const show = () => {
    button.textContent = `${video.playbackRate}×`;
    button.setAttribute("aria-label", `Speed ${video.playbackRate}×`);
  };
  video.addEventListener("ratechange", () => {
    show();
    announce(`Speed ${video.playbackRate}.`);
  });
  button.addEventListener("click", () => {
    video.playbackRate = video.playbackRate >= 2 ? 1 : next(video.playbackRate, 1);
  });
  return (by) => {
    video.playbackRate = next(video.playbackRate, by);
  };
}

/**
 * @param {number} rate
 * @param {1 | -1} by
 */
function next(rate, by) {
  const at = RATES.findIndex((one) => one >= rate) + by;
  return RATES[Math.min(Math.max(at, 0), RATES.length - 1)] ?? 1;
}

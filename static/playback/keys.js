/** The player's keys, and the dialog that shows them. */

import { one } from "../base/dom.js";

/**
 * @param {HTMLElement} page
 * @param {import("./watched.js").Watched} video
 * @param {{ step: (by: 1 | -1) => void, changeRate: (by: 1 | -1) => void, mark?: () => void }} how
 * @param {Record<string, () => void>} [more] what other keys do
 */
export function obeyKeys(page, video, { step, changeRate, mark }, more = {}) {
  const dialog = /** @type {HTMLDialogElement} */ (one("[data-keys]"));
  const show = () => dialog.showModal();
  one("[data-show-keys]", page).addEventListener("click", show);

  /** @type {Record<string, () => void>} */
  const acts = {
    " ": () => toggle(video),
    k: () => toggle(video),
    ArrowLeft: () => skip(video, -5),
    ArrowRight: () => skip(video, 5),
    j: () => skip(video, -10),
    l: () => skip(video, 10),
    ",": () => step(-1),
    ".": () => step(1),
    "<": () => changeRate(-1),
    ">": () => changeRate(1),
    f: () => fullScreen(page),
    ...(mark ? { m: mark } : {}),
    "?": show,
    ...more,
  };
  for (let digit = 0; digit <= 9; digit++) {
    acts[String(digit)] = () => {
      if (video.duration) video.currentTime = (video.duration * digit) / 10;
    };
  }
  // Before the player's own controls see it: an arrow on a focused slider would be obeyed twice.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || belongsElsewhere(event)) return;
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    },
    true,
  );
}

/**
 * Whether a key is meant for what has the focus: somebody types, or Space presses a button.
 * @param {KeyboardEvent} event
 */
function belongsElsewhere(event) {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, dialog, [role=tablist]")) return true;
  const pressable = target.closest("a, button, summary") !== null || target.tagName.startsWith("MEDIA-");
  return pressable && event.key === " ";
}

/** @param {import("./watched.js").Watched} video */
function toggle(video) {
  // A play that a pause interrupts is no error to anybody.
  if (video.paused) video.play().catch(() => undefined);
  else video.pause();
}

/**
 * @param {import("./watched.js").Watched} video
 * @param {number} by seconds
 */
function skip(video, by) {
  video.currentTime = Math.min(Math.max(video.currentTime + by, 0), video.duration || 0);
}

/** @param {HTMLElement} page */
function fullScreen(page) {
  if (document.fullscreenElement) document.exitFullscreen();
  else one("media-controller", page).requestFullscreen();
}

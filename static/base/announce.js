/** Say something to a screen reader that the page shows in its own way. */

/** @param {string} words */
export function announce(words) {
  const region = document.querySelector("[data-announcer]");
  if (!region) return;
  region.textContent = "";
  // An empty moment, or the same words twice in a row are said once.
  setTimeout(() => {
    region.textContent = words;
  }, 50);
}

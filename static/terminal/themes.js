/** The colours of the screen: those of the recording, or others that somebody likes better. */

const REMEMBERED = "sortie-terminal-theme";

/**
 * @param {HTMLElement} page
 * @param {import("./element.js").CastPlayer} player
 */
export function offerThemes(page, player) {
  const choice = page.querySelector("[data-theme-choice]");
  if (!(choice instanceof HTMLSelectElement)) return;
  const remembered = localStorage.getItem(REMEMBERED) ?? "";
  const isOffered = [...choice.options].some((option) => option.value === remembered);
  if (remembered && isOffered) {
    choice.value = remembered;
    player.setTheme(remembered);
  }
  choice.addEventListener("change", () => {
    localStorage.setItem(REMEMBERED, choice.value);
    player.setTheme(choice.value);
  });
}

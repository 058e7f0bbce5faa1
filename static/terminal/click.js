/** A click on the screen plays or pauses, as on a video; one that selects text, or lets go of it, does not. */

/** @param {import("./element.js").CastPlayer} player */
export function playOnClick(player) {
  let selecting = false;
  player.addEventListener("pointerdown", (event) => {
    selecting = event.button !== 0 || event.detail > 1 || isSelected();
  });
  player.addEventListener("click", (event) => {
    if (selecting || isSelected() || event.detail > 1) return;
    if (player.paused) player.play();
    else player.pause();
  });
}

function isSelected() {
  return !(getSelection()?.isCollapsed ?? true);
}

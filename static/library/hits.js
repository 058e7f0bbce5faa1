/** Arrow keys go through what was found: from the search box down, from line to line, and back up to the box. */

/** @param {HTMLFormElement} list */
export function offerArrows(list) {
  const box = document.querySelector("[data-search]");
  if (!(box instanceof HTMLInputElement) || !box.value) return;
  document.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const places = [box, ...hitsIn(list)];
    const at = places.findIndex((place) => place === document.activeElement);
    if (at < 0 && document.activeElement !== document.body) return;
    const next = places[at < 0 ? 1 : at + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

/**
 * The lines that were found, and the name of a recording of which none is shown.
 * @param {HTMLFormElement} list
 * @returns {HTMLElement[]}
 */
function hitsIn(list) {
  return [...list.querySelectorAll("[data-row]")].flatMap((row) => {
    const hits = row.querySelectorAll("[data-hit]");
    return /** @type {HTMLElement[]} */ ([...(hits.length ? hits : row.querySelectorAll('[data-key="name"]'))]);
  });
}

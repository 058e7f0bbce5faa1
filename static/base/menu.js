/** Menus are <details>: here they close as people expect, and obey the arrow keys. */

export function keepMenusTidy() {
  document.addEventListener("click", (event) => closeOthers(/** @type {Element} */ (event.target)));
  document.addEventListener("keydown", (event) => {
    const menu = document.activeElement?.closest("[data-menu][open]");
    if (!(menu instanceof HTMLDetailsElement)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      close(menu);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(menu, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  document.addEventListener("focusout", (event) => {
    const menu = event.target instanceof Element ? event.target.closest("[data-menu][open]") : null;
    const to = event.relatedTarget;
    if (menu instanceof HTMLDetailsElement && to instanceof Node && !menu.contains(to)) menu.open = false;
  });
}

/**
 * Close a menu and put the focus where it was opened from.
 * @param {HTMLDetailsElement} menu
 */
function close(menu) {
  menu.open = false;
  menu.querySelector("summary")?.focus();
}

/** @param {Element} clicked */
function closeOthers(clicked) {
  for (const menu of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("[data-menu][open]"))) {
    const item = clicked.closest(".item");
    if (!menu.contains(clicked) || (item && menu.contains(item) && !item.hasAttribute("data-stays"))) menu.open = false;
  }
}

/**
 * Move the focus through the items of a menu, round and round.
 * @param {HTMLDetailsElement} menu
 * @param {1 | -1} by
 */
function step(menu, by) {
  const items = [.../** @type {NodeListOf<HTMLElement>} */ (menu.querySelectorAll(".item"))].filter(
    (item) => item.offsetParent !== null,
  );
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = at < 0 && by < 0 ? items.length - 1 : (at + by + items.length) % items.length;
  items[next]?.focus();
}

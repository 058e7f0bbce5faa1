/** Tabs after the pattern of the ARIA Authoring Practices: arrows move, the panel follows. */

/** @param {HTMLElement} root */
export function offerTabs(root) {
  const tabs = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[role=tab]")]);
  const select = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !on;
    }
  };
  for (const panel of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-panel]"))) {
    panel.setAttribute("role", "tabpanel");
    panel.tabIndex = 0;
  }
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      const next = tabs[(index + by + tabs.length) % tabs.length];
      if (!by || !next) return;
      event.preventDefault();
      select(next);
      next.focus();
    });
  });
  if (tabs[0]) select(tabs[0]);
}

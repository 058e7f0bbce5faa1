/** Picking rows: all at once, and how many there are. */

import { one } from "../base/dom.js";

/** @param {HTMLFormElement} list */
export function offerSelection(list) {
  const all = /** @type {HTMLInputElement} */ (one("[data-select-all]", list));
  const count = one("[data-count]", list);
  const show = () => {
    const picks = boxes(list);
    const picked = picks.filter((box) => box.checked).length;
    count.textContent = picked ? `${picked} selected` : "Select all";
    all.checked = picked > 0 && picked === picks.length;
    all.indeterminate = picked > 0 && picked < picks.length;
    list.toggleAttribute("data-picked", picked > 0);
  };
  all.addEventListener("click", () => {
    for (const box of boxes(list)) box.checked = all.checked;
  });
  list.addEventListener("change", show);
  list.addEventListener("reset", () => setTimeout(show));
  show();
}

/** @param {HTMLFormElement} list */
function boxes(list) {
  return /** @type {HTMLInputElement[]} */ ([...list.querySelectorAll("input[name=id]")]);
}

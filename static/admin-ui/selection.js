/** Picking rows of a list: all at once, and how many there are. */

import { one } from "../base/dom.js";

const list = document.querySelector("[data-selectable]");
if (list instanceof HTMLFormElement) offerSelection(list);

/** @param {HTMLFormElement} form */
function offerSelection(form) {
  const all = /** @type {HTMLInputElement} */ (one("#action-toggle", form));
  const count = one("[data-count]", form);
  const boxes = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input.action-select")]);
  const show = () => {
    const picked = boxes.filter((box) => box.checked).length;
    count.textContent = `${picked} selected`;
    all.checked = picked > 0 && picked === boxes.length;
    all.indeterminate = picked > 0 && picked < boxes.length;
  };
  all.addEventListener("click", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  form.addEventListener("change", show);
  // A browser that goes back to the page keeps the ticks.
  addEventListener("pageshow", show);
}

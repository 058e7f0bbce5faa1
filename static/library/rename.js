/** Renaming a recording where its name stands. */

import { ask } from "../base/api.js";
import { one } from "../base/dom.js";
import { editInPlace } from "../base/edit.js";

/** @param {HTMLFormElement} list */
export function offerRenaming(list) {
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-rename]") : null;
    const row = button?.closest("[data-row]");
    if (row instanceof HTMLElement) rename(row);
  });
}

/** @param {HTMLElement} row */
async function rename(row) {
  const link = one('[data-key="name"]', row);
  await editInPlace(one("[data-edit-place]", row), {
    label: "Title",
    value: row.dataset["name"] ?? "",
    longest: 200,
    save: async (title) => {
      const saved = await ask("PATCH", `/api/recordings/${row.dataset["row"]}`, { title });
      const name = saved.title || saved.filename.replace(/\.[^.]+$/, "");
      row.dataset["name"] = name;
      link.textContent = name;
    },
  });
  link.focus();
}

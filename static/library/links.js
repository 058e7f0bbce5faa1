/** Copying the address of a recording. */

import { copy } from "../base/copy.js";
import { toast } from "../base/toast.js";

/** @param {HTMLFormElement} list */
export function offerCopying(list) {
  list.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy-link]") : null;
    if (!(button instanceof HTMLElement)) return;
    const address = new URL(button.dataset["copyLink"] ?? "", location.href).href;
    toast((await copy(address)) ? "Link copied." : `Your browser does not let pages copy. The link is ${address}`);
  });
}

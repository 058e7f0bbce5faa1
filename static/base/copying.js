/** Buttons beside a command that copy it. */

import { copy } from "./copy.js";
import { toast } from "./toast.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = button.parentElement?.querySelector("[data-copied]")?.textContent ?? "";
    toast((await copy(text)) ? "Copied." : "Your browser does not let pages copy. Select it and copy it.");
  });
}

/** One's account: copying a token that was just made, and asking before one is revoked. */

import { confirmed } from "../base/confirm.js";
import { copy } from "../base/copy.js";
import { one } from "../base/dom.js";
import { toast } from "../base/toast.js";

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("[data-revoke]"))) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = `Revoke “${form.dataset["revoke"]}”?`;
    const words = "Whatever uses it is refused from now on. This cannot be undone.";
    if (await confirmed({ title, words, yes: "Revoke" })) form.submit();
  });
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("[data-disconnect]"))) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = `Disconnect the terminal ${form.dataset["disconnect"]}?`;
    const words = "It can upload no more, until you connect it again.";
    if (await confirmed({ title, words, yes: "Disconnect" })) form.submit();
  });
}

const shown = document.querySelector("[data-secret-shown]");
if (shown) {
  const secret = /** @type {HTMLInputElement} */ (one("[data-secret]", shown));
  secret.addEventListener("focus", () => secret.select());
  one("[data-copy-secret]", shown).addEventListener("click", async () => {
    const copied = shown.getAttribute("data-secret-shown") || "Token copied.";
    toast((await copy(secret.value)) ? copied : "Your browser does not let pages copy. Select it and copy it.");
  });
}

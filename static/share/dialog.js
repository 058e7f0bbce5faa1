/** Sharing a recording: make a link, see how the others were used, revoke them. */

import { ask } from "../base/api.js";
import { copy } from "../base/copy.js";
import { copyOf, one } from "../base/dom.js";
import { until } from "../base/times.js";

/**
 * @typedef {{ id: string, state: string, author: string, expires_at: string, has_password: boolean,
 *   can_download: boolean, view_limit: number | null, views: number, downloads: number }} Share
 */

const dialog = /** @type {HTMLDialogElement} */ (one("[data-sharing]"));
const address = dialog.dataset["address"] ?? "";
const form = /** @type {HTMLFormElement} */ (one("[data-share-form]", dialog));
const made = one("[data-share-made]", dialog);
const link = /** @type {HTMLInputElement} */ (one("[data-share-link]", dialog));
const problem = one("[data-share-problem]", dialog);
const section = one("[data-share-list]", dialog);

one("[data-share]").addEventListener("click", () => {
  begin();
  dialog.showModal();
  list();
});
for (const button of dialog.querySelectorAll("[data-share-close]")) {
  button.addEventListener("click", () => dialog.close());
}
// The secret is not left standing behind the dialog.
dialog.addEventListener("close", () => (link.value = ""));
one("[data-share-another]", dialog).addEventListener("click", begin);
link.addEventListener("focus", () => link.select());
// What else says so, a toast, would be behind the dialog.
const label = one("[data-share-copy] span", dialog);
const said = one("[data-share-said]", dialog);
one("[data-share-copy]", dialog).addEventListener("click", async () => {
  if (await copy(link.value)) label.textContent = said.textContent = "Copied";
  else link.focus();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  create();
});

function begin() {
  form.reset();
  complain("");
  label.textContent = "Copy";
  said.textContent = "";
  form.hidden = false;
  made.hidden = true;
}

async function create() {
  const given = new FormData(form);
  const button = /** @type {HTMLButtonElement} */ (one("[data-share-create]", form));
  button.disabled = true;
  complain("");
  try {
    const share = await ask("POST", address, {
      days: Number(given.get("days")),
      password: given.get("password"),
      can_download: given.has("can_download"),
      view_limit: given.get("view_limit") ? Number(given.get("view_limit")) : null,
    });
    link.value = share.url;
    form.hidden = true;
    made.hidden = false;
    one("[data-share-copy]", dialog).focus();
    await list();
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  } finally {
    button.disabled = false;
  }
}

/** @param {string} words empty if there is nothing to complain of */
function complain(words) {
  problem.textContent = words;
  problem.hidden = !words;
}

async function list() {
  try {
    const shares = /** @type {Share[]} */ (await ask("GET", address));
    one("ul", section).replaceChildren(...shares.map(row));
    section.hidden = !shares.length;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
}

/** @param {Share} share */
function row(share) {
  const item = copyOf("share-template");
  const open = share.state === "open";
  const means = [
    open ? `Ends ${until(new Date(share.expires_at), new Date())}` : capital(share.state),
    share.has_password ? "password" : "",
    share.can_download ? "can download" : "",
  ];
  const views = share.view_limit === null ? count(share.views, "view") : `${share.views} of ${count(share.view_limit, "view")}`;
  const use = [views, share.downloads ? count(share.downloads, "download") : "", share.author ? `by ${share.author}` : ""];
  one("[data-means]", item).textContent = means.filter(Boolean).join(", ");
  one("[data-use]", item).textContent = use.filter(Boolean).join(", ");
  const revoke = /** @type {HTMLButtonElement} */ (one("[data-share-revoke]", item));
  if (share.state === "revoked") revoke.remove();
  else {
    revoke.setAttribute("aria-label", `Revoke the link: ${one("[data-means]", item).textContent}`);
    revoke.addEventListener("click", () => take(share, revoke));
  }
  item.classList.toggle("over", !open);
  return item;
}

/**
 * @param {Share} share
 * @param {HTMLButtonElement} button
 */
async function take(share, button) {
  button.disabled = true;
  try {
    await ask("DELETE", `${address}/${share.id}`);
    await list();
  } catch (error) {
    button.disabled = false;
    complain(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {number} number
 * @param {string} thing
 */
function count(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What is written about a recording: its title and its tags, and deleting it. */

import { ask } from "../base/api.js";
import { confirmed } from "../base/confirm.js";
import { copyOf, one } from "../base/dom.js";
import { editInPlace } from "../base/edit.js";
import { leave } from "../base/handover.js";
import { toast } from "../base/toast.js";

/**
 * @param {HTMLElement} page
 * @param {string} id
 */
export function offerEditing(page, id) {
  one("[data-rename]", page).addEventListener("click", () => rename(page, id));
  const tags = one("[data-tags]", page);
  one("[data-add-tag]", tags).addEventListener("click", () => addTag(tags, id));
  tags.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-untag]") : null;
    const tag = button?.closest("[data-tag]");
    if (tag) removeTag(tags, tag, id);
  });
}

/**
 * @param {HTMLElement} page
 * @param {string} id
 */
async function rename(page, id) {
  const heading = one("[data-name-shown]", page);
  await editInPlace(one("[data-edit-place]", page), {
    label: "Title",
    value: heading.textContent ?? "",
    longest: 200,
    save: async (title) => {
      const saved = await ask("PATCH", `/api/recordings/${id}`, { title });
      const name = saved.title || saved.filename.replace(/\.[^.]+$/, "");
      heading.textContent = name;
      page.dataset["name"] = name;
      document.title = `${name} · Sortie`;
    },
  });
  one("[data-rename]", page).focus();
}

/** @param {Element} tags */
const namesOf = (tags) => [...tags.querySelectorAll("[data-tag]")].map((tag) => tag.getAttribute("data-tag") ?? "");

/**
 * @param {HTMLElement} tags
 * @param {string} id
 */
async function addTag(tags, id) {
  const button = one("[data-add-tag]", tags);
  await editInPlace(button, {
    label: "New tag",
    value: "",
    longest: 50,
    save: async (name) => show(tags, (await ask("PATCH", `/api/recordings/${id}`, { tags: [...namesOf(tags), name] })).tags),
  });
  button.focus();
}

/**
 * @param {HTMLElement} tags
 * @param {Element} tag
 * @param {string} id
 */
async function removeTag(tags, tag, id) {
  const left = namesOf(tags).filter((name) => name !== tag.getAttribute("data-tag"));
  try {
    show(tags, (await ask("PATCH", `/api/recordings/${id}`, { tags: left })).tags);
    one("[data-add-tag]", tags).focus();
  } catch (error) {
    toast(`The tag was not removed. ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Make the list that of `names`.
 * @param {HTMLElement} tags
 * @param {string[]} names
 */
function show(tags, names) {
  for (const old of tags.querySelectorAll("[data-tag]")) old.remove();
  const last = one("[data-add-tag]", tags).parentElement;
  for (const name of names) {
    const tag = copyOf("tag-template");
    tag.dataset["tag"] = name;
    const link = /** @type {HTMLAnchorElement} */ (one("a", tag));
    link.textContent = name;
    link.href = `/?q=${encodeURIComponent(name)}`;
    one("[data-untag]", tag).setAttribute("aria-label", `Remove tag ${name}`);
    last?.before(tag);
  }
}

/**
 * @param {HTMLElement} page
 * @param {string} id
 */
export function offerRemoving(page, id) {
  page.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-delete]") : null;
    if (!button) return;
    event.preventDefault();
    const name = page.dataset["name"] ?? "";
    const words = `It can be restored for ${page.dataset["keepHours"]} h, then nothing is left.`;
    if (!(await confirmed({ title: `Delete “${name}”?`, words, yes: "Delete" }))) return;
    try {
      await ask("DELETE", `/api/recordings/${id}`);
      leave("deleted", { ids: [id], words: `Deleted “${name}”.` });
      location.assign("/");
    } catch (error) {
      toast(`It was not deleted. ${error instanceof Error ? error.message : error}`);
    }
  });
}

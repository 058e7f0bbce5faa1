/** Finding and making parts of a page. */

/**
 * The element a page must have for a module to work.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function one(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return /** @type {T} */ (found);
}

/**
 * A new copy of what a <template> holds.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (one(`#${id}`));
  const content = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  return /** @type {T} */ (content.firstElementChild);
}

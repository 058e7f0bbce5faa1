/** Something one page tells the next one, once. */

/**
 * @param {string} name
 * @param {object} value
 */
export function leave(name, value) {
  sessionStorage.setItem(`sortie-${name}`, JSON.stringify(value));
}

/**
 * @param {string} name
 * @returns {any} what was left under this name; null if nothing was
 */
export function collect(name) {
  const text = sessionStorage.getItem(`sortie-${name}`);
  sessionStorage.removeItem(`sortie-${name}`);
  return text === null ? null : JSON.parse(text);
}

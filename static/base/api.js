/** Asking the portal's HTTP API with the session of this browser. */

/** An answer that is not a success. `status` 0: there was none, the portal could not be reached. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail one sentence for a person
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const UNREACHABLE = "Sortie cannot be reached. Check your connection, then try again.";
export const SIGNED_OUT = "You were signed out. Sign in again in another tab, then try again here.";

/**
 * The CSRF token as it is now: signing in again in another tab changes it.
 * @returns {string}
 */
export function csrfToken() {
  const name = document.querySelector('meta[name="csrf-cookie"]')?.getAttribute("content") ?? "";
  const pair = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body] sent as JSON
 * @param {{ keepalive?: boolean }} [how] keepalive: finish even when the page goes away
 * @returns {Promise<any>} the JSON of the answer; null if it has none
 * @throws {Refused}
 */
export async function ask(method, path, body, { keepalive = false } = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method,
      keepalive,
      headers: { "X-CSRFToken": csrfToken(), ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
  } catch {
    throw new Refused(0, UNREACHABLE);
  }
  if (!response.ok) throw refusal(response.status, await response.text());
  return response.status === 204 ? null : response.json();
}

/**
 * What went wrong, in the portal's words if it had any.
 * @param {number} status
 * @param {string} text the body of the answer
 */
export function refusal(status, text) {
  if (status === 401) return new Refused(status, SIGNED_OUT);
  try {
    const detail = JSON.parse(text).detail;
    if (typeof detail === "string" && detail) return new Refused(status, detail);
  } catch {
    // Not the portal's own answer but a proxy's: the status is all there is to go by.
  }
  return new Refused(status, `Sortie answered with error ${status}.`);
}

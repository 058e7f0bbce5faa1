/** Telling takes that are under way, in whichever tab, from those whose tab has died. */

const CHANNEL = "sortie-takes";
const news = new BroadcastChannel(CHANNEL);

/**
 * Take hold of a take until `release`, or until this page dies.
 * @param {string} id
 * @returns {Promise<(() => void) | null>} release; null: another page holds it
 */
export function hold(id) {
  return new Promise((resolve) => {
    navigator.locks.request(name(id), { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((/** @type {(value: void) => void} */ release) => {
        resolve(() => {
          release();
          news.postMessage(id);
        });
      });
    });
  });
}

/**
 * Ids of the takes that some page holds.
 * @returns {Promise<Set<string>>}
 */
export async function held() {
  const { held: locks = [] } = await navigator.locks.query();
  return new Set(locks.map((lock) => lock.name ?? "").map((lock) => lock.slice(name("").length)));
}

/**
 * Call back when another page lets go of a take.
 * @param {() => void} look
 */
export function whenReleased(look) {
  news.addEventListener("message", look);
}

/** @param {string} id */
const name = (id) => `sortie-take-${id}`;

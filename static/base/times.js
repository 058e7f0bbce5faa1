/** Times as their reader says them: in their zone, near ones by name, all of it on hover. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const THIS_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const ANY_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const COMPLETE = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

/** Name the reader's zone to the server, which counts days in it. */
export function tellZone() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const secure = location.protocol === "https:" ? "; Secure" : "";
  if (timeZone) document.cookie = `sortie-zone=${timeZone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

/**
 * Rewrite every <time data-style> in `root`.
 * @param {ParentNode} root
 * @param {Date} [now]
 */
export function showTimes(root, now = new Date()) {
  for (const element of root.querySelectorAll("time[data-style]")) {
    const time = /** @type {HTMLTimeElement} */ (element);
    const at = new Date(time.dateTime);
    const style = time.dataset["style"];
    time.title = COMPLETE.format(at);
    time.textContent = style === "full" ? EXACT.format(at) : style === "until" ? until(at, now) : short(at, now);
  }
}

/**
 * "today 14:02", "yesterday 09:30", "3 Nov 18:00", "3 Nov 2025".
 * @param {Date} at
 * @param {Date} now
 */
export function short(at, now) {
  const days = dayOf(now) - dayOf(at);
  if (days === 0) return `today ${CLOCK.format(at)}`;
  if (days === 1) return `yesterday ${CLOCK.format(at)}`;
  if (at.getFullYear() === now.getFullYear()) return `${THIS_YEAR.format(at)} ${CLOCK.format(at)}`;
  return ANY_YEAR.format(at);
}

/**
 * How long until `at`, in its largest unit: "in 23 h".
 * @param {Date} at
 * @param {Date} now
 */
export function until(at, now) {
  const minutes = Math.max(0, Math.round((at.getTime() - now.getTime()) / 60_000));
  if (minutes < 60) return `in ${minutes} min`;
  if (minutes < 48 * 60) return `in ${Math.floor(minutes / 60)} h`;
  return `in ${Math.floor(minutes / 1440)} days`;
}

/** @param {Date} at days since some day, by the reader's calendar */
function dayOf(at) {
  return Math.floor(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / 86_400_000);
}

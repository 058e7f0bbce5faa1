/** Sizes and durations, written as the server writes them. */

const MB = 1024 * 1024;

/** @param {number} bytes */
export function megabytes(bytes) {
  const amount = bytes / MB;
  if (amount >= 99.95) return `${Math.round(amount).toLocaleString("en-GB")} MB`;
  return `${(bytes ? Math.max(amount, 0.1) : 0).toFixed(1)} MB`;
}

/** @param {number} seconds @returns {string} 0:07, 3:12, 1:02:09 */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const rest = `${String(Math.floor(whole / 60) % 60).padStart(whole >= 3600 ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

/** @param {number} seconds @returns {string} 37 s, 13 min 58 s, 1 h 2 min */
export function spoken(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${rest} s`;
}

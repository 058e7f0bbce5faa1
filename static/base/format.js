/** Sizes and durations, written as the server writes them. */

const MB = 1024 * 1024;

/** @param {number} bytes */
export function megabytes(bytes) {
  const amount = bytes / MB;
  if (amount >= 99.95) return `${Math.round(amount).toLocaleString("en-GB")} MB`;
  return `${Math.max(amount, 0.1).toFixed(1)} MB`;
}

/** @param {number} seconds @returns {string} 0:07, 3:12, 1:02:09 */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const rest = `${String(Math.floor(whole / 60) % 60).padStart(whole >= 3600 ? 2 : 1, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

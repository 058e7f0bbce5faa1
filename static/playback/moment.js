/** A moment of a recording in an address: `1m32s`, `1h2m`, `90`, `12.5s`. */

/**
 * @param {string | null} text
 * @returns {number | null} seconds; null if it is no moment
 */
export function parseMoment(text) {
  const parts = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,3})?)s?)?$/.exec(text ?? "");
  if (!parts || !text) return null;
  const [, hours, minutes, seconds] = parts;
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
}

/**
 * @param {number} at seconds
 * @returns {string} to the second: `0s`, `1m32s`, `1h0m5s`
 */
export function writeMoment(at) {
  const whole = Math.floor(at);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return `${hours ? `${hours}h` : ""}${hours || minutes ? `${minutes}m` : ""}${whole % 60}s`;
}

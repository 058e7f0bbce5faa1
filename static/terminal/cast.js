/** The text of an asciicast of version 2 or 3, taken apart. https://docs.asciinema.org/manual/asciicast/v2/ */

/**
 * @typedef {[number, string, string]} Event seconds since the start, code, text
 * @typedef {{ cols: number, rows: number }} Size
 * @typedef {{ foreground: string, background: string, palette: string[] }} Theme
 * @typedef {{ size: Size, theme: Theme | null, idleLimit: number | null, events: Event[] }} Cast
 */

/**
 * @param {string} text
 * @returns {Cast}
 */
export function parseCast(text) {
  const lines = text.split("\n");
  const header = JSON.parse(lines[0] ?? "");
  const relative = header.version === 3;
  const term = relative ? header.term : { cols: header.width, rows: header.height, theme: header.theme };
  /** @type {Event[]} */
  const events = [];
  let now = 0;
  for (let at = 1; at < lines.length; at++) {
    if (!lines[at]?.startsWith("[")) continue;
    /** @type {Event} */
    const event = JSON.parse(lines[at] ?? "");
    now = relative ? now + event[0] : event[0];
    event[0] = now;
    events.push(event);
  }
  return {
    size: { cols: term.cols || 80, rows: term.rows || 24 },
    theme: themeOf(term.theme),
    idleLimit: header.idle_time_limit ?? null,
    events,
  };
}

/**
 * @param {string} text `132x50`
 * @returns {Size}
 */
export function parseSize(text) {
  const [cols, rows] = text.split("x").map(Number);
  return { cols: cols || 80, rows: rows || 24 };
}

/**
 * The terminal's own colours, of which eight stand for the bright ones too.
 * @param {{ fg: string, bg: string, palette: string } | undefined} theme
 * @returns {Theme | null}
 */
export function themeOf(theme) {
  const colours = theme?.palette?.split(":") ?? [];
  if (!theme || colours.length < 8) return null;
  const palette = colours.length < 16 ? [...colours.slice(0, 8), ...colours.slice(0, 8)] : colours.slice(0, 16);
  return { foreground: theme.fg, background: theme.bg, palette };
}

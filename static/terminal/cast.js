/** The text of an asciicast of version 2 or 3, taken apart. https://docs.asciinema.org/manual/asciicast/v2/ */

/**
 * @typedef {[number, string, string]} Event seconds since the start, code, text
 * @typedef {{ cols: number, rows: number }} Size
 * @typedef {{ foreground: string, background: string, palette: string[] }} Theme
 * @typedef {{ size: Size, theme: Theme | null, idleLimit: number | null }} Head
 */

/** Takes a cast apart while it arrives. */
export class CastReader {
  #rest = "";
  #now = 0;
  #isRelative = false;

  /** What its header says, once that is there. @type {Head | null} */
  head = null;

  /**
   * @param {string} text that follows on what was taken before
   * @returns {Event[]} those that are complete by now
   */
  take(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (!this.head && lines.length) this.#begin(JSON.parse(lines.shift() ?? ""));
    return lines.filter((line) => line.startsWith("[")).map((line) => this.#event(line));
  }

  /** @returns {Event[]} what stands in a line without an end */
  end() {
    return this.take("\n");
  }

  /** @param {any} header */
  #begin(header) {
    this.#isRelative = header.version === 3;
    const term = this.#isRelative ? header.term : { cols: header.width, rows: header.height, theme: header.theme };
    this.head = {
      size: { cols: term.cols || 80, rows: term.rows || 24 },
      theme: themeOf(term.theme),
      idleLimit: header.idle_time_limit ?? null,
    };
  }

  /** @param {string} line */
  #event(line) {
    /** @type {Event} */
    const event = JSON.parse(line);
    this.#now = this.#isRelative ? this.#now + event[0] : event[0];
    event[0] = this.#now;
    return event;
  }
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

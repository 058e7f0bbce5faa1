/** The desktop on the page: noVNC, connected through the portal's bridge, and connected again when that breaks. */

/** Close codes of the bridge after which trying again by itself would change nothing. */
const FINAL = [4401, 4404, 4409];
const OVER = 4409;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;
const SILENT = "The connection to the desktop broke.";

/**
 * The parts of noVNC's RFB that are used here; its API is at https://github.com/novnc/noVNC/blob/master/docs/API.md
 * @typedef {EventTarget & { scaleViewport: boolean, background: string, disconnect(): void, focus(): void,
 *   clipboardPasteFrom(text: string): void }} Rfb
 */

/**
 * @typedef {object} News
 * @property {() => void} connected
 * @property {(why: string, how: { again: number, over: boolean }) => void} broken again: milliseconds until it is tried
 *   again, 0: not by itself; over: the session has ended
 * @property {(text: string) => void} copied something was copied in the desktop
 */

export class Screen {
  #place;
  #address;
  #news;
  /** @type {any} noVNC's class */
  #Rfb = null;
  /** @type {Rfb | null} */
  #rfb = null;
  #failures = 0;
  #timer = 0;
  #scaled = true;

  /**
   * @param {HTMLElement} place
   * @param {{ address: string, novnc: string, news: News }} how address: of the WebSocket; novnc: of its module
   */
  constructor(place, { address, novnc, news }) {
    this.#place = place;
    this.#address = address;
    this.#news = news;
    this.novnc = novnc;
  }

  /** What shows the desktop; null while nothing does. */
  get canvas() {
    return this.#rfb ? this.#place.querySelector("canvas") : null;
  }

  /** Connect, now. */
  async connect() {
    clearTimeout(this.#timer);
    // Types of third-party modules are not ours to check, so it is not imported by name.
    this.#Rfb ??= (await import(this.novnc)).default;
    this.#rfb?.disconnect();
    const socket = new WebSocket(this.#address, "binary");
    let why = { code: 0, reason: "" };
    // Ours is the first to know: noVNC tells nobody why it was disconnected.
    socket.addEventListener("close", (event) => (why = event));
    /** @type {Rfb} */
    const rfb = new this.#Rfb(this.#place, socket, { shared: true });
    this.#rfb = rfb;
    rfb.background = "transparent";
    rfb.scaleViewport = this.#scaled;
    rfb.addEventListener("connect", () => {
      this.#failures = 0;
      this.#news.connected();
    });
    rfb.addEventListener("disconnect", () => {
      if (this.#rfb !== rfb) return;
      this.#rfb = null;
      this.#broken(why);
    });
    rfb.addEventListener("clipboard", (event) => this.#news.copied(/** @type {CustomEvent} */ (event).detail.text));
  }

  /** @param {{ code: number, reason: string }} why */
  #broken({ code, reason }) {
    const final = FINAL.includes(code);
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++) * (0.75 + Math.random() / 4);
    if (!final) this.#timer = window.setTimeout(() => this.connect(), wait);
    this.#news.broken(reason || SILENT, { again: final ? 0 : wait, over: code === OVER });
  }

  /** @param {boolean} scaled as large as there is room for, or pixel by pixel */
  scale(scaled) {
    this.#scaled = scaled;
    if (this.#rfb) this.#rfb.scaleViewport = scaled;
  }

  /** @param {string} text */
  paste(text) {
    this.#rfb?.clipboardPasteFrom(text);
  }

  focus() {
    this.#rfb?.focus();
  }
}

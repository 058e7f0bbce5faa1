/** A terminal's screen: asciinema-player, which draws what it is told and is left out of everything else. */

/**
 * @typedef {import("./cast.js").Size} Size
 * @typedef {import("./cast.js").Theme} Theme
 */

/**
 * What a driver of asciinema-player 3.17 is given: ways to make it show something.
 * @typedef {(event: "reset" | "resize" | "output" | "play", data?: unknown) => void} Dispatch
 */

const FONTS = '"JetBrains Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace';
const FONT_WAIT = 1_000;
const MUTE = { log() {}, debug() {}, info() {}, warn() {}, error() {} };

export class Screen {
  /**
   * @param {HTMLElement} place is filled by it
   * @param {string} theme the name of one of asciinema-player's; empty for the recording's own colours
   * @returns {Promise<Screen>}
   */
  static async open(place, theme) {
    // Cells are measured once, so the font has to be there; a browser that does not get it goes on with another.
    const timeout = new Promise((resolve) => setTimeout(resolve, FONT_WAIT));
    await Promise.race([document.fonts.load('16px "JetBrains Mono"').catch(() => undefined), timeout]);
    /** @type {(dispatch: Dispatch) => void} */
    let ready = () => undefined;
    /** @type {Promise<Dispatch>} */
    const dispatched = new Promise((resolve) => (ready = resolve));
    const driver = (/** @type {{ dispatch: Dispatch }} */ { dispatch }) => ({
      init: () => ready(dispatch),
      play: () => undefined,
    });
    // @ts-expect-error: it is a script of its own that makes itself known by this name
    const player = globalThis.AsciinemaPlayer.create(driver, place, {
      controls: false,
      fit: "both",
      theme: theme || "auto/asciinema",
      terminalFontFamily: FONTS,
      logger: MUTE,
    });
    return new Screen(player, await dispatched, theme);
  }

  /**
   * @param {{ dispose: () => void }} player
   * @param {Dispatch} dispatch
   * @param {string} theme
   */
  constructor(player, dispatch, theme) {
    this.player = player;
    this.dispatch = dispatch;
    this.theme = theme;
    // It takes away the button that its own page would have.
    dispatch("play");
  }

  /**
   * Empty, of this size, then with `init` written to it.
   * @param {Size} size
   * @param {string} init
   * @param {Theme | null} theme of the recording, if it has one
   */
  reset(size, init, theme) {
    this.dispatch("reset", { size, init: init || undefined, theme: this.theme ? null : theme });
  }

  /** @param {Size} size */
  resize(size) {
    this.dispatch("resize", size);
  }

  /** @param {string} text */
  write(text) {
    this.dispatch("output", text);
  }

  close() {
    this.player.dispose();
  }
}

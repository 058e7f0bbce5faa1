/** Showing the state of the record page. */

import { announce } from "../base/announce.js";
import { one } from "../base/dom.js";
import { clock, megabytes } from "../base/format.js";

/** @typedef {"idle" | "asking" | "recording" | "stopping" | "sending" | "stuck"} State */

const HEADING = "Record your screen";
const TITLE = document.title;

const WORDS = /** @type {Record<State, string>} */ ({
  idle: "Your browser asks what to share. Nothing is recorded before that.",
  asking: "Choose what to share in your browser’s dialog.",
  recording: "Keep this tab open; you may work in other windows and tabs.",
  stopping: "Finishing the recording.",
  sending: "Keep this tab open until everything is sent.",
  stuck: "Keep this tab open: what was recorded is only here.",
});

const HEADINGS = /** @type {Partial<Record<State, string>>} */ ({
  recording: "Recording",
  stopping: "Sending your recording",
  sending: "Sending your recording",
  stuck: "Not sent yet",
});

const SAID = /** @type {Partial<Record<State, string>>} */ ({
  recording: "Recording has started.",
  stopping: "Recording has stopped. Sending it.",
});

export class View {
  #root = one("[data-studio]");
  #preview = /** @type {HTMLVideoElement} */ (one("[data-preview]"));
  #progress = /** @type {HTMLProgressElement} */ (one("[data-progress]"));

  /** @param {State} state */
  show(state) {
    this.#root.dataset["state"] = state;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.#root.querySelectorAll("[data-when]"))) {
      part.hidden = !part.dataset["when"]?.split(" ").includes(state);
    }
    const start = /** @type {HTMLButtonElement} */ (one("[data-start]"));
    start.disabled = state === "asking";
    one("[data-words]").textContent = WORDS[state];
    one("[data-heading]").textContent = HEADINGS[state] ?? HEADING;
    const said = SAID[state];
    if (said) announce(said);
    if (state !== "recording") document.title = TITLE;
    if (state === "stopping") this.#progress.removeAttribute("value");
  }

  /**
   * Put the focus on the button that is next, if the one that had it is gone.
   * @param {string} selector
   */
  focus(selector) {
    one(selector).focus();
  }

  /** @param {string} words empty: all is well */
  problem(words) {
    one("[data-problem-words]").textContent = words;
    one("[data-problem]").hidden = !words;
  }

  /** @param {string} words why it can never start here */
  cannot(words) {
    this.problem(words);
    /** @type {HTMLButtonElement} */ (one("[data-start]")).disabled = true;
    one("[data-words]").textContent = "";
  }

  /**
   * Show what is being recorded, or what was.
   * @param {MediaStream | Blob | null} picture
   */
  preview(picture) {
    const stream = picture instanceof MediaStream ? picture : null;
    URL.revokeObjectURL(this.#preview.src);
    this.#preview.removeAttribute("src");
    this.#preview.srcObject = stream;
    if (picture instanceof Blob) this.#preview.src = URL.createObjectURL(picture);
    this.#preview.controls = picture instanceof Blob;
    this.#preview.hidden = !picture;
    // A preview that may not play by itself stays dark; the recording does not depend on it.
    if (stream) this.#preview.play().catch(() => undefined);
  }

  /**
   * @param {number} seconds
   * @param {number} bytes
   */
  figures(seconds, bytes) {
    one("[data-elapsed]").textContent = clock(seconds);
    one("[data-size]").textContent = megabytes(bytes);
    if (this.#root.dataset["state"] === "recording") document.title = `● ${clock(seconds)} recording`;
  }

  /**
   * @param {number} sent bytes
   * @param {number} all bytes
   */
  sent(sent, all) {
    one("[data-sent]").textContent = megabytes(sent);
    this.#progress.max = all;
    this.#progress.value = sent;
    if (sent < all) return;
    this.#progress.removeAttribute("value");
    one("[data-words]").textContent = "All of it has arrived. Sortie is putting it away.";
  }
}

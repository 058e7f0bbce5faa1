/** Showing the state of the record page. */

import { announce } from "../base/announce.js";
import { one } from "../base/dom.js";
import { clock, megabytes } from "../base/format.js";

/** @typedef {"idle" | "asking" | "recording" | "paused" | "full" | "sending" | "stuck"} State */

const HEADING = "Record your screen";
const TITLE = document.title;

const WORDS = /** @type {Record<State, string>} */ ({
  idle: "Your browser asks what to share. Nothing is recorded before that.",
  asking: "Choose what to share in your browser’s dialog.",
  recording: "Keep this tab open; you may work in other windows and tabs.",
  paused: "Nothing is recorded until you resume.",
  full: "The gap will be marked in the recording.",
  sending: "Keep this tab open until everything is sent.",
  stuck: "It can also be sent later, from any page of Sortie in this browser.",
});

const HEADINGS = /** @type {Partial<Record<State, string>>} */ ({
  recording: "Recording",
  paused: "Paused",
  full: "Waiting for Sortie",
  sending: "Sending your recording",
  stuck: "Not sent yet",
});

const SAID = /** @type {Partial<Record<State, string>>} */ ({
  recording: "Recording.",
  paused: "Recording is paused.",
  full: "Nothing is recorded until Sortie can be reached.",
  sending: "Recording has stopped. Sending it.",
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
    this.words(WORDS[state]);
    one("[data-heading]").textContent = HEADINGS[state] ?? HEADING;
    const said = SAID[state];
    if (said) announce(said);
    if (!this.isRunning) document.title = TITLE;
  }

  /** Whether a recording has begun and was not stopped. */
  get isRunning() {
    return ["recording", "paused", "full"].includes(this.#root.dataset["state"] ?? "");
  }

  /**
   * Show whether there is room for what is recorded.
   * @param {boolean} full
   */
  room(full) {
    if (!this.isRunning || full === (this.#root.dataset["state"] === "full")) return;
    const hadFocus = this.#root.contains(document.activeElement);
    this.show(full ? "full" : "recording");
    if (hadFocus && document.activeElement === document.body) this.focus("[data-stop]");
  }

  /** @param {string} words what the page says of its state */
  words(words) {
    one("[data-words]").textContent = words;
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
    const place = one("[data-problem-words]");
    if (place.textContent !== words) place.textContent = words;
    one("[data-problem]").hidden = !words;
  }

  /** @param {string} words why it can never start here */
  cannot(words) {
    this.problem(words);
    /** @type {HTMLButtonElement} */ (one("[data-start]")).disabled = true;
    this.words("");
  }

  /**
   * Show what is being recorded; what was last seen of it stays when it is over.
   * @param {MediaStream | null} stream
   */
  preview(stream) {
    this.#preview.srcObject = stream;
    this.#preview.hidden = !stream;
    // A preview that may not play by itself stays dark; the recording does not depend on it.
    if (stream) this.#preview.play().catch(() => undefined);
  }

  /**
   * @param {{ seconds: number, safe: number, waiting: number }} figures bytes that are on the server, and that are not
   */
  figures({ seconds, safe, waiting }) {
    one("[data-elapsed]").textContent = clock(seconds);
    one("[data-safe]").textContent = megabytes(safe);
    one("[data-waiting]").textContent = megabytes(waiting);
    this.#progress.max = Math.max(1, safe + waiting);
    this.#progress.value = safe;
    const state = this.#root.dataset["state"];
    if (this.isRunning) document.title = `${state === "recording" ? "●" : "‖"} ${clock(seconds)} ${state}`;
    if (state === "sending" && !waiting) this.words("All of it has arrived. Sortie is putting it away.");
  }
}

/** The recorder's part of the toolbar: start, stop, and what became of it. */

import { announce } from "../base/announce.js";
import { ask } from "../base/api.js";
import { one } from "../base/dom.js";
import { clock, megabytes } from "../base/format.js";
import { Capture } from "../capture/capture.js";
import { discard, startIn } from "../capture/portal.js";
import { NOTHING_CAME, whyNotStarted } from "../capture/sentences.js";
import { Stuck } from "../capture/sender.js";
import { typeFor } from "../capture/support.js";
import { mirror } from "./mirror.js";

/** @typedef {"off" | "starting" | "on" | "full" | "sending" | "stuck"} State */

const TITLE = document.title;

export class Taping {
  #bar;
  #session;
  #canvas;
  #ticker;
  /** @type {State} */
  #state = "off";
  /** @type {Capture | null} */
  #current = null;
  /** Once stopped by hand it does not start by itself again. */
  #byHand = false;

  /**
   * @param {HTMLElement} bar
   * @param {{ session: { id: string, title: string, viewer: string, maxMb: number }, canvas: () => HTMLCanvasElement | null,
   *   ticker: string }} how
   */
  constructor(bar, { session, canvas, ticker }) {
    this.#bar = bar;
    this.#session = session;
    this.#canvas = canvas;
    this.#ticker = ticker;
    one("[data-start]", bar).addEventListener("click", () => this.start());
    one("[data-stop]", bar).addEventListener("click", () => {
      this.#byHand = true;
      this.stop();
    });
    one("[data-retry]", bar).addEventListener("click", () => this.#current && this.#deliver(this.#current));
    window.addEventListener("beforeunload", (event) => {
      if (this.#current) event.preventDefault();
    });
    if (typeof MediaRecorder === "undefined" || !typeFor(false)) one("[data-start]", bar).remove();
  }

  /** The desktop is there: record it if an admin has said so of all sessions. */
  async connected() {
    const start = this.#bar.querySelector("[data-start]");
    if (!start) return;
    if (start instanceof HTMLButtonElement) start.disabled = false;
    if (this.#state !== "off" || this.#byHand) return;
    const { recording_policy: policy } = await ask("GET", `/api/sessions/${this.#session.id}`).catch(() => ({}));
    if (policy === "auto" && this.#state === "off") await this.start();
  }

  /** The session is over: nothing more can be recorded. */
  over() {
    this.stop();
    this.#bar.querySelector("[data-start]")?.remove();
  }

  stop() {
    this.#current?.stop();
  }

  async start() {
    if (this.#state !== "off") return;
    this.#byHand = false;
    this.#show("starting");
    this.#say("");
    one("[data-watch]", this.#bar).hidden = true;
    /** @type {ReturnType<typeof mirror> | undefined} */
    let picture;
    try {
      const { id, title, viewer: owner, maxMb } = this.#session;
      picture = mirror(this.#canvas, this.#ticker);
      const entry = await startIn(id);
      const capture = await Capture.start(picture.stream, { entry, title, owner, maxMb, changed: () => this.#figures() });
      await this.#record(capture, picture.release);
    } catch (error) {
      picture?.release();
      this.#current = null;
      this.#show("off");
      this.#say(whyNotStarted(error));
    }
  }

  /**
   * @param {Capture} capture
   * @param {() => void} release
   */
  async #record(capture, release) {
    this.#current = capture;
    this.#show("on");
    announce("Recording has started.");
    const timer = setInterval(() => this.#figures(), 250);
    const delivery = this.#deliver(capture).finally(() => capture.stop());
    await capture.ended;
    clearInterval(timer);
    release();
    announce("Recording has stopped.");
    if (!capture.take.bytes) return this.#nothing(capture);
    if (this.#isRunning) this.#show("sending");
    this.#figures();
    await delivery;
  }

  /** @param {Capture} capture */
  async #deliver(capture) {
    if (this.#state === "stuck") this.#show("sending");
    try {
      await capture.deliver();
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
      capture.stop();
      await capture.ended;
      this.#show("stuck");
      this.#say(error.message);
      return;
    }
    this.#current = null;
    this.#show("off");
    this.#say(capture.notice);
    const watch = /** @type {HTMLAnchorElement} */ (one("[data-watch]", this.#bar));
    watch.href = `/recordings/${capture.take.id}`;
    watch.hidden = false;
    announce("The recording is safe.");
  }

  /** @param {Capture} capture */
  async #nothing(capture) {
    this.#current = null;
    this.#show("off");
    this.#say(NOTHING_CAME);
    await capture.drop();
    await discard({ session: capture.take.session, recording: capture.take.id }).catch(() => undefined);
  }

  #figures() {
    const capture = this.#current;
    if (!capture) return;
    const { bytes, sent } = capture.take;
    one("[data-elapsed]", this.#bar).textContent = clock(capture.seconds);
    one("[data-safe]", this.#bar).textContent = megabytes(sent);
    one("[data-waiting]", this.#bar).textContent = megabytes(bytes - sent);
    if (this.#isRunning && capture.isFull !== (this.#state === "full")) this.#show(capture.isFull ? "full" : "on");
    document.title = this.#isRunning ? `${this.#state === "on" ? "●" : "‖"} ${clock(capture.seconds)} ${TITLE}` : TITLE;
    if (this.#state !== "stuck") this.#say([capture.notice, capture.trouble].filter(Boolean).join(" "));
  }

  get #isRunning() {
    return this.#state === "on" || this.#state === "full";
  }

  /** @param {State} state */
  #show(state) {
    this.#state = state;
    this.#bar.dataset["state"] = state;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.#bar.querySelectorAll("[data-when]"))) {
      part.hidden = !part.dataset["when"]?.split(" ").includes(state);
    }
    if (state === "off") document.title = TITLE;
  }

  /** @param {string} words empty: all is well */
  #say(words) {
    const place = one("[data-taping-problem]");
    const text = one("p", place);
    if (text.textContent !== words) text.textContent = words;
    place.hidden = !words;
  }
}

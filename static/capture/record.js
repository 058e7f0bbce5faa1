/** The record page: choose, record, stop, send, and on to the player. */

import { confirmed } from "../base/confirm.js";
import { one } from "../base/dom.js";
import { leave } from "../base/handover.js";
import { begin, close, discard, end } from "./portal.js";
import { Recorder } from "./recorder.js";
import { save } from "./save.js";
import { NOTHING_CAME, whyFull, whyNotSent, whyNotStarted } from "./sentences.js";
import { open } from "./source.js";
import { whyNot } from "./support.js";
import { send } from "./upload.js";
import { View } from "./view.js";

/** @typedef {import("./portal.js").Entry} Entry */
/** @typedef {import("./recorder.js").Take} Take */

const MB = 1024 * 1024;
const maxMb = Number(one("[data-studio]").dataset["maxMb"]);
const desk = /** @type {HTMLFormElement} */ (one("[data-desk]"));
const view = new View();

/** @type {{ entry: Entry, recorder: Recorder } | null} */
let running = null;
/** @type {{ entry: Entry, take: Take } | null} what was recorded and is not safe yet */
let unsent = null;

const cannot = whyNot();
if (cannot) view.cannot(cannot);

one("[data-start]").addEventListener("click", start);
one("[data-stop]").addEventListener("click", () => running?.recorder.stop());
one("[data-retry]").addEventListener("click", deliver);
one("[data-save]").addEventListener("click", () => unsent && save(unsent.take.file, wish().title));
one("[data-discard]").addEventListener("click", abandon);
desk.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("beforeunload", (event) => {
  if (running || unsent) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  // Told that it is over, the portal need not wait for bytes that will never come.
  if (running) end(running.entry, { keepalive: true }).catch(() => undefined);
});

function wish() {
  const form = new FormData(desk);
  return {
    title: String(form.get("title") ?? "").trim(),
    surface: String(form.get("surface") ?? "monitor"),
    microphone: form.get("microphone") !== null,
  };
}

async function start() {
  view.problem("");
  view.show("asking");
  /** @type {import("./source.js").Source | undefined} */
  let source;
  try {
    source = await open(wish());
    const entry = await begin(wish().title || nameFor(new Date()));
    await record(source, entry);
  } catch (error) {
    source?.release();
    view.preview(null);
    view.show("idle");
    view.problem(whyNotStarted(error));
    view.focus("[data-start]");
  }
}

/**
 * @param {import("./source.js").Source} source
 * @param {Entry} entry
 */
async function record(source, entry) {
  const show = () => view.figures(recorder.seconds, recorder.bytes);
  const recorder = new Recorder(source.stream, { largest: maxMb * MB, progressed: show });
  const taking = recorder.run();
  running = { entry, recorder };
  view.preview(source.stream);
  view.show("recording");
  view.focus("[data-stop]");
  show();
  const clock = setInterval(show, 250);
  const take = await taking;
  clearInterval(clock);
  source.release();
  view.preview(take.file.size ? take.file : null);
  running = null;
  view.figures(take.seconds, take.file.size);
  if (take.full) view.problem(whyFull(maxMb));
  if (!take.file.size) return nothing(entry);
  unsent = { entry, take };
  await deliver();
}

/** Send what was recorded, then go and watch it. What fails leaves everything as it was, to be tried again. */
async function deliver() {
  if (!unsent) return;
  const { entry, take } = unsent;
  view.show("stopping");
  try {
    await end(entry);
    view.show("sending");
    view.sent(0, take.file.size);
    await send(entry, take, (sent) => view.sent(sent, take.file.size));
    unsent = null;
    await close(entry);
    leave("recorded", { id: entry.recording });
    location.assign(`/recordings/${entry.recording}`);
  } catch (error) {
    view.show("stuck");
    view.problem(whyNotSent(error, take.file.size, maxMb));
    view.focus("[data-retry]");
  }
}

async function abandon() {
  if (!unsent) return;
  const words = "It is only in this tab. Nothing of it will be left.";
  if (!(await confirmed({ title: "Discard this recording?", words, yes: "Discard" }))) return;
  const { entry } = unsent;
  unsent = null;
  view.preview(null);
  view.problem("");
  view.show("idle");
  view.focus("[data-start]");
  await forget(entry);
}

/** @param {Entry} entry */
async function nothing(entry) {
  view.show("idle");
  view.problem(NOTHING_CAME);
  view.focus("[data-start]");
  await forget(entry);
}

/** @param {Entry} entry */
async function forget(entry) {
  try {
    await discard(entry);
    await close(entry);
  } catch {
    // Out of reach: Sortie gives the empty recording up by itself in some minutes.
  }
}

/** @param {Date} now */
function nameFor(now) {
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }).format(now);
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(now);
  return `Screen, ${day} ${time}`;
}

/** The record page: choose, record, stop, and on to the player. */

import { confirmed } from "../base/confirm.js";
import { one } from "../base/dom.js";
import { leave } from "../base/handover.js";
import { Capture } from "./capture.js";
import { begin, close, discard, end } from "./portal.js";
import { save } from "./save.js";
import { NOTHING_CAME, whyNotStarted } from "./sentences.js";
import { Stuck } from "./sender.js";
import { open } from "./source.js";
import { whyNot } from "./support.js";
import { View } from "./view.js";

/** @typedef {import("./portal.js").Entry} Entry */

const { maxMb = "0", viewer: owner = "" } = one("[data-studio]").dataset;
const desk = /** @type {HTMLFormElement} */ (one("[data-desk]"));
const view = new View();

/** @type {Capture | null} what is being recorded, or was and is not safe yet */
let current = null;

const cannot = whyNot();
if (cannot) view.cannot(cannot);

one("[data-start]").addEventListener("click", start);
one("[data-stop]").addEventListener("click", () => current?.stop());
one("[data-pause]").addEventListener("click", () => {
  current?.pause();
  view.show("paused");
  view.focus("[data-resume]");
});
one("[data-resume]").addEventListener("click", () => {
  current?.resume();
  view.show("recording");
  view.focus("[data-pause]");
});
one("[data-retry]").addEventListener("click", () => {
  view.problem("");
  if (current) finish(current);
});
one("[data-save]").addEventListener("click", async () => {
  const file = await current?.file();
  if (file) save(file, current?.take.title ?? "");
});
one("[data-discard]").addEventListener("click", abandon);
desk.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("beforeunload", (event) => {
  if (current) event.preventDefault();
});

window.addEventListener("pagehide", () => {
  // Told that it is over, the portal shows it so; what is not sent yet is offered by the next page.
  if (current) end(entryOf(current), { keepalive: true }).catch(() => undefined);
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
  /** @type {Entry | undefined} */
  let entry;
  try {
    source = await open(wish());
    const title = wish().title || nameFor(new Date());
    entry = await begin(title);
    current = await Capture.start(source.stream, { entry, title, owner, maxMb: Number(maxMb), changed });
    await record(source, current);
  } catch (error) {
    source?.release();
    current = null;
    if (entry) await forget(entry);
    view.preview(null);
    view.show("idle");
    view.problem(whyNotStarted(error));
    view.focus("[data-start]");
  }
}

/**
 * @param {import("./source.js").Source} source
 * @param {Capture} capture
 */
async function record(source, capture) {
  view.preview(source.stream);
  view.show("recording");
  view.focus("[data-stop]");
  const clock = setInterval(changed, 250);
  // What cannot be sent any more is not worth recording.
  const delivery = deliver(capture).finally(() => capture.stop());
  await capture.ended;
  clearInterval(clock);
  source.release();
  if (!capture.take.bytes) return nothing(capture);
  view.show("sending");
  changed();
  await delivery;
}

function changed() {
  if (!current) return;
  const { bytes, sent } = current.take;
  view.room(current.isFull);
  view.figures({ seconds: current.seconds, safe: sent, waiting: bytes - sent });
  view.problem([current.notice, current.trouble].filter(Boolean).join(" "));
}

/** @param {Capture} capture */
async function finish(capture) {
  view.show("sending");
  await deliver(capture);
}

/**
 * Send all of it, then go and watch it. What fails leaves everything as it was, to be tried again.
 * @param {Capture} capture
 */
async function deliver(capture) {
  try {
    await capture.deliver();
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    capture.stop();
    await capture.ended;
    view.show("stuck");
    view.problem(error.message);
    one("[data-save]").hidden = !(await capture.file());
    one("[data-retry]").hidden = error.gone;
    view.focus(error.gone ? "[data-discard]" : "[data-retry]");
    return;
  }
  current = null;
  const entry = entryOf(capture);
  await close(entry);
  leave("recorded", { id: entry.recording });
  location.assign(`/recordings/${entry.recording}`);
}

async function abandon() {
  if (!current) return;
  const words = "What was sent of it can be restored for a while under Deleted recordings; the rest is only in this browser.";
  if (!(await confirmed({ title: "Discard this recording?", words, yes: "Discard" }))) return;
  const capture = current;
  current = null;
  view.preview(null);
  view.problem("");
  view.show("idle");
  view.focus("[data-start]");
  await capture.drop();
  await forget(entryOf(capture));
}

/** @param {Capture} capture */
async function nothing(capture) {
  current = null;
  view.preview(null);
  view.show("idle");
  view.problem(NOTHING_CAME);
  view.focus("[data-start]");
  await capture.drop();
  await forget(entryOf(capture));
}

/** @param {Capture} capture @returns {Entry} */
const entryOf = ({ take }) => ({ session: take.session, recording: take.id });

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

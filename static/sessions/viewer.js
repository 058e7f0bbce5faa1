/** The page of a session: its desktop, what can be done with it, and recording it. */

import { confirmed } from "../base/confirm.js";
import { one } from "../base/dom.js";
import { Screen } from "./screen.js";
import { Taping } from "./taping.js";

const page = one("[data-session]");
const { session: id = "", name: title = "", viewer = "", maxMb = "0", live = "", novnc = "", ticker = "" } = page.dataset;
const stage = one("[data-stage]", page);
const curtain = one("[data-curtain]", page);
const words = one("[data-curtain-words]", page);
const again = /** @type {HTMLButtonElement} */ (one("[data-again]", page));
const clipboard = /** @type {HTMLTextAreaElement} */ (one("[data-clipboard]", page));

const screen = new Screen(one("[data-desktop]", page), { address: live, novnc, news: { connected, broken, copied } });
const taping = new Taping(one("[data-taping]", page), {
  session: { id, title, viewer, maxMb: Number(maxMb) },
  canvas: () => screen.canvas,
  ticker,
});

function connected() {
  page.dataset["connection"] = "open";
  curtain.hidden = true;
  screen.focus();
  taping.connected();
}

/**
 * @param {string} why
 * @param {{ again: number, over: boolean }} how
 */
function broken(why, { again: wait, over }) {
  page.dataset["connection"] = over ? "over" : "broken";
  curtain.hidden = false;
  words.textContent = wait ? `${why} Trying again in ${Math.ceil(wait / 1000)} s.` : why;
  again.hidden = over;
  if (over) taping.over();
}

/** @param {string} text */
function copied(text) {
  clipboard.value = text;
}

function connect() {
  words.textContent = "Connecting to the desktop.";
  again.hidden = true;
  screen.connect();
}

again.addEventListener("click", connect);
window.addEventListener("online", () => page.dataset["connection"] === "broken" && connect());
one("[data-send-clipboard]", page).addEventListener("click", () => {
  screen.paste(clipboard.value);
  one("[data-menu]", page).removeAttribute("open");
  screen.focus();
});
one("[data-scale]", page).addEventListener("click", ({ currentTarget }) => {
  const button = /** @type {HTMLElement} */ (currentTarget);
  const scaled = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(scaled));
  stage.dataset["scaled"] = String(scaled);
  screen.scale(scaled);
});
one("[data-end]", page).addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = "The desktop is closed to everybody here. What is being recorded is finished and kept.";
  if (!(await confirmed({ title: `End “${title}”?`, words, yes: "End session" }))) return;
  /** @type {HTMLFormElement} */ (event.target).submit();
});
const full = one("[data-full]", page);
if (document.fullscreenEnabled) {
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen()));
} else full.hidden = true;
connect();

/** The address of the moment that is shown: taken from `?t=`, followed while watching, copied by a button. */

import { copy } from "../base/copy.js";
import { one } from "../base/dom.js";
import { clock } from "../base/format.js";
import { toast } from "../base/toast.js";
import { parseMoment, writeMoment } from "./moment.js";

const askedFor = () => parseMoment(new URLSearchParams(location.search).get("t"));

/**
 * Have a terminal load that moment first. It begins once its module is there, before anybody can set its time.
 * @param {Element} terminal
 */
export function beginWhereAsked(terminal) {
  terminal.setAttribute("start", String(askedFor() ?? 0));
}

/**
 * @param {HTMLElement} page
 * @param {import("./watched.js").Watched} video
 */
export function followInAddress(page, video) {
  const asked = askedFor();
  if (asked !== null) jumpTo(video, asked);
  const follow = () => history.replaceState(null, "", addressOf(video.currentTime));
  video.addEventListener("pause", follow);
  // While a slider is dragged every position is a seek, and browsers refuse too many addresses in a row.
  let timer = 0;
  video.addEventListener("seeked", () => {
    clearTimeout(timer);
    timer = window.setTimeout(follow, 250);
  });
  const now = one("[data-now]", page);
  video.addEventListener("timeupdate", () => {
    now.textContent = clock(video.currentTime);
  });
  one("[data-copy-moment]", page).addEventListener("click", () => copyAddress(video.currentTime));
  page.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a.at") : null;
    const at = link instanceof HTMLAnchorElement ? parseMoment(new URL(link.href).searchParams.get("t")) : null;
    if (at === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    jumpTo(video, at);
  });
}

/**
 * @param {import("./watched.js").Watched} video
 * @param {number} at seconds
 */
function jumpTo(video, at) {
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) video.currentTime = at;
  else video.addEventListener("loadedmetadata", () => (video.currentTime = at), { once: true });
}

/** @param {number} at seconds */
function addressOf(at) {
  const address = new URL(location.href);
  if (at >= 1) address.searchParams.set("t", writeMoment(at));
  else address.searchParams.delete("t");
  return address.href;
}

/** @param {number} at seconds */
async function copyAddress(at) {
  const address = addressOf(at);
  const done = await copy(address);
  toast(done ? `Link at ${clock(at)} copied.` : `Your browser does not let pages copy. The link is ${address}`);
}

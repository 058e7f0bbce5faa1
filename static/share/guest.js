/** A recording as a guest watches it, for as long as the link leads anywhere. */

import { one } from "../base/dom.js";
import { beginWhereAsked, followInAddress } from "../playback/address.js";
import { stepsOf } from "../playback/frames.js";
import { obeyKeys } from "../playback/keys.js";
import { tellWhatBroke } from "../playback/media.js";
import { silencePreviews } from "../playback/pictures.js";
import { offerRates } from "../playback/rate.js";

const EVERY = 10_000;

const page = one("[data-guest]");
const video = page.querySelector("video");
const terminal = page.querySelector("cast-player");

if (video) {
  watch(video);
  obeyKeys(page, video, { step: stepsOf(video), changeRate: offerRates(page, video) });
  silencePreviews(page);
} else if (terminal) {
  beginWhereAsked(terminal);
  const { CastPlayer, offerTerminal } = await import("../terminal/page.js");
  if (terminal instanceof CastPlayer) {
    watch(terminal);
    const step = (/** @type {1 | -1} */ by) => terminal.step(by);
    obeyKeys(page, terminal, { step, changeRate: offerRates(page, terminal) }, offerTerminal(page, terminal));
  }
}

/** @param {import("../playback/watched.js").Watched} media */
function watch(media) {
  followInAddress(page, media);
  tellWhatBroke(page, media);
}

/** What has been loaded would go on to play: a link that is revoked takes it away. */
async function look() {
  try {
    const response = await fetch(page.dataset["state"] ?? "", { method: "HEAD", cache: "no-store" });
    if (response.status === 404) return end();
  } catch {
    // No connection: nothing more can be loaded anyway.
  }
  setTimeout(look, EVERY);
}

function end() {
  if (video) {
    video.pause();
    video.removeAttribute("src");
    video.load();
  }
  const over = document.createElement("div");
  over.className = "instead";
  over.setAttribute("role", "alert");
  const heading = document.createElement("h2");
  heading.textContent = "This link leads nowhere any more";
  const words = document.createElement("p");
  words.textContent = "It has ended, or somebody has revoked it. Ask whoever gave it to you for another.";
  over.append(heading, words);
  one("[data-screen]", page).replaceWith(over);
  one(".tools", page).remove();
  page.querySelector("a.button")?.remove();
}

setTimeout(look, EVERY);

/** The page of one recording: each module gives it one ability. */

import { one } from "../base/dom.js";
import { offerEditing, offerRemoving } from "./about.js";
import { beginWhereAsked, followInAddress } from "./address.js";
import { stepsOf } from "./frames.js";
import { obeyKeys } from "./keys.js";
import { offerMarkers } from "./markers.js";
import { tellWhatBroke, playIfNew } from "./media.js";
import { keepNotes } from "./notes.js";
import { awaitPictures } from "./pictures.js";
import { offerRates } from "./rate.js";
import { waitUntilFinished } from "./status.js";
import { offerTabs } from "./tabs.js";

const page = one("[data-recording]");
const id = page.dataset["recording"] ?? "";
const video = page.querySelector("video");
const terminal = page.querySelector("cast-player");

offerTabs(one("[data-tabs]", page));
offerEditing(page, id);
offerRemoving(page, id);
keepNotes(/** @type {HTMLTextAreaElement} */ (one("[data-notes]", page)), id);

if (video) {
  const markers = watch(video);
  obeyKeys(page, video, { step: stepsOf(video), changeRate: offerRates(page, video), mark: markers.add });
  awaitPictures(page, video);
} else if (terminal) {
  beginWhereAsked(terminal);
  const [{ CastPlayer, offerTerminal }, { offerTranscript }] = await Promise.all([
    import("../terminal/page.js"),
    import("../terminal/transcript.js"),
  ]);
  if (terminal instanceof CastPlayer) {
    const markers = watch(terminal);
    const step = (/** @type {1 | -1} */ by) => terminal.step(by);
    const how = { step, changeRate: offerRates(page, terminal), mark: markers.add };
    obeyKeys(page, terminal, how, { ...offerTerminal(page, terminal), t: offerTranscript(page, terminal) });
  }
} else {
  waitUntilFinished(page, id);
}

/**
 * What a video and a terminal have in common.
 * @param {import("./watched.js").Watched} media
 */
function watch(media) {
  const markers = offerMarkers(page, id, media);
  followInAddress(page, media);
  tellWhatBroke(page, media);
  playIfNew(id, media);
  return markers;
}

/** The page of one recording: each module gives it one ability. */

import { one } from "../base/dom.js";
import { offerEditing, offerRemoving } from "./about.js";
import { followInAddress } from "./address.js";
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

offerTabs(one("[data-tabs]", page));
offerEditing(page, id);
offerRemoving(page, id);
keepNotes(/** @type {HTMLTextAreaElement} */ (one("[data-notes]", page)), id);

if (video) {
  const markers = offerMarkers(page, id, video);
  followInAddress(page, video);
  tellWhatBroke(page, video);
  obeyKeys(page, video, { step: stepsOf(video), changeRate: offerRates(page, video), mark: markers.add });
  playIfNew(id, video);
  awaitPictures(page, video);
} else {
  waitUntilFinished(page, id);
}

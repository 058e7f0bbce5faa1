/** What went wrong, each in a sentence or two: what happened, what is kept, what to do. */

import { Refused } from "../base/api.js";
import { megabytes } from "../base/format.js";
import { NoMicrophone } from "./source.js";

/**
 * Why recording did not start. Nothing was recorded.
 * @param {unknown} error
 * @returns {string}
 */
export function whyNotStarted(error) {
  if (error instanceof NoMicrophone) return whyNoMicrophone(error.cause);
  if (error instanceof Refused) {
    if (error.status === 0) return "Nothing is being recorded: Sortie cannot be reached. Check your connection, then start again.";
    return `Nothing is being recorded. ${error.message}`;
  }
  if (error instanceof DOMException) return whyNoScreen(error);
  return "Nothing is being recorded: your browser could not start. Reload this page and try again.";
}

/** @param {DOMException} error */
function whyNoScreen(error) {
  if (error.name === "NotAllowedError") {
    const system = /system/i.test(error.message);
    return system
      ? "Nothing is being recorded: your system does not let the browser see the screen. Allow it in the system's privacy settings, then start again."
      : "Nothing is being recorded: the screen was not shared. Start again and choose what to share.";
  }
  if (error.name === "NotFoundError") return "Nothing is being recorded: there was no screen or window to share.";
  if (error.name === "NotReadableError") {
    return "Nothing is being recorded: your system did not hand over the picture. Close other programs that record, or choose something else.";
  }
  return `Nothing is being recorded: your browser could not share this (${error.name}). Choose something else.`;
}

/** @param {unknown} cause */
function whyNoMicrophone(cause) {
  const name = cause instanceof DOMException ? cause.name : "";
  if (name === "NotFoundError") return "Nothing is being recorded: no microphone was found. Plug one in, or switch Microphone off.";
  if (name === "NotAllowedError") {
    return "Nothing is being recorded: the microphone was not allowed. Allow it beside the address bar, or switch Microphone off.";
  }
  return "Nothing is being recorded: the microphone could not be used. Close other programs that use it, or switch Microphone off.";
}

/**
 * Why a take could not be sent, and that it is still here.
 * @param {unknown} error
 * @param {number} size bytes
 * @param {number} maxMb
 * @returns {string}
 */
export function whyNotSent(error, size, maxMb) {
  const kept = `All ${megabytes(size)} are kept in this tab`;
  const status = error instanceof Refused ? error.status : -1;
  if (status === 0) return `The connection broke. ${kept}: try again when it is back, or save the file.`;
  if (status === 413) return `Sortie takes at most ${maxMb} MB. ${kept}: save the file to your disk.`;
  if (status >= 500) return `${/** @type {Refused} */ (error).message} ${kept}: try again, or save the file.`;
  if (error instanceof Refused) return `${error.message} ${kept}.`;
  return `The recording could not be sent. ${kept}: try again, or save the file.`;
}

/** @param {number} maxMb */
export function whyFull(maxMb) {
  return `A recording may have ${maxMb} MB. This one was stopped just before that, and everything up to there is kept.`;
}

export const NOTHING_CAME =
  "Nothing was recorded: no picture arrived before it was stopped. Start again and let it run for a second or more.";

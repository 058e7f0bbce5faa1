/** What went wrong, each in a sentence or two: what happened, what is kept, what to do. */

import { Refused } from "../base/api.js";
import { clock, megabytes } from "../base/format.js";
import { NoMicrophone } from "./source.js";

/** @typedef {import("./shelf.js").Take} Take */

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
 * Why nothing gets through at present. It is tried again, and what is recorded is kept until then.
 * @param {Refused} error
 * @returns {string}
 */
export function whyWaiting(error) {
  const kept = "What is not sent yet is kept in this browser, and goes up";
  if (error.status === 0) return `Sortie cannot be reached. ${kept} when the connection is back.`;
  if (error.status === 401) return `You were signed out. ${kept} when you have signed in again in another tab.`;
  if (error.status === 403) return `Sortie does not know this page any more. ${kept} when you have signed in again in another tab.`;
  if (error.status === 507) return `${error.message} ${kept} when there is room.`;
  return `${error.message} ${kept} when that is over.`;
}

/**
 * Why a take is not accepted, and that what was not sent is still here.
 * @param {Refused} error
 * @param {Take} take
 * @returns {string}
 */
export function whyStuck(error, take) {
  const rest = take.bytes - take.sent;
  const kept = take.sent
    ? `${megabytes(take.sent)} are safe on the server, the other ${megabytes(rest)} are kept in this browser`
    : `All ${megabytes(rest)} are kept in this browser`;
  if (error.status === 413) return `${error.message.replace(/\.$/, "")}. ${kept}: ask an admin to allow more, then try again.`;
  if (error.status === 415) return `${error.message} ${kept}: save the file, and tell an admin.`;
  return `${error.message} ${kept}: try again, or tell an admin.`;
}

/**
 * There is nothing any more that the rest of a take could be added to.
 * @param {Take} take
 * @param {{ deleted?: boolean }} [what]
 * @returns {string}
 */
export function whyLost(take, { deleted = false } = {}) {
  if (deleted) return "This recording has been deleted, so nothing more is sent. It may be restored under Deleted recordings.";
  const rest = megabytes(take.bytes - take.sent);
  return `Sortie has given up waiting for the rest of this recording, ${rest}. What had arrived is in your recordings.`;
}

/** @param {number} maxMb */
export function whyFull(maxMb) {
  return `A recording may have ${maxMb} MB. This one was stopped just before that, and everything up to there is kept.`;
}

/**
 * Nothing is recorded at present.
 * @param {number} since milliseconds since 1970
 */
export function whyGap(since) {
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(since);
  return `Nothing is recorded since ${time}: this browser cannot keep more of what is not sent yet. All before that is kept, and recording goes on by itself once Sortie can be reached.`;
}

/**
 * What a moment is called at which something is missing.
 * @param {number} milliseconds
 */
export function gapOf(milliseconds) {
  return `${clock(Math.max(1, Math.round(milliseconds / 1000)))} missing here: the browser could keep no more`;
}

export const NOT_ON_DISK =
  "This browser lets Sortie keep nothing on its disk, in a private window perhaps. What is not sent yet would be lost with this tab.";

export const NOTHING_CAME =
  "Nothing was recorded: no picture arrived before it was stopped. Start again and let it run for a second or more.";

/** What the portal is told about a take: it begins, it is over, it is not wanted. */

import { ask } from "../base/api.js";

/** @typedef {{ session: string, recording: string }} Entry the ids the portal gave to a take */

/**
 * Open a session and start a recording in it.
 * @param {string} title
 * @returns {Promise<Entry>}
 */
export async function begin(title) {
  const session = await ask("POST", "/api/sessions", { app_id: "screen", kind: "screen", title });
  return startIn(session.id);
}

/**
 * Start a recording in a session there is.
 * @param {string} session id
 * @returns {Promise<Entry>}
 */
export async function startIn(session) {
  const started = await ask("POST", `/api/sessions/${session}/recording/start`, {});
  return { session, recording: started.recording_id };
}

/**
 * The capture is over; its bytes are to come.
 * @param {Entry} entry
 * @param {{ keepalive?: boolean }} [how]
 */
export function end(entry, how) {
  return ask("POST", `/api/sessions/${entry.session}/recording/stop`, { recording_id: entry.recording }, how);
}

/**
 * The session is over as well. It is only a label by now, so that failing to end it harms nothing.
 * @param {Entry} entry
 */
export async function close(entry) {
  try {
    await ask("POST", `/api/sessions/${entry.session}/stop`, {}, { keepalive: true });
  } catch {
    // The recording is safe; an open session is listed as running until somebody ends it.
  }
}

/**
 * Name a moment of a recording.
 * @param {string} recording id
 * @param {{ at: number, label: string }} moment seconds from its start
 */
export function mark(recording, { at, label }) {
  return ask("POST", `/api/recordings/${recording}/markers`, { at_seconds: at, label });
}

/**
 * Forget a take.
 * @param {Entry} entry
 */
export function discard(entry) {
  return ask("DELETE", `/api/recordings/${entry.recording}`, undefined, { keepalive: true });
}

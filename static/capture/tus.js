/** The part of tus 1.0 that a recording needs: begin, add a piece, ask how far it is. https://tus.io/protocols/resumable-upload */

import { csrfToken, Refused, refusal, UNREACHABLE } from "../base/api.js";

const PIECE = "application/offset+octet-stream";
/** What an answer may take, besides a second for each of so many bytes: a connection that hangs must end. */
const PATIENCE = 20_000;
const SLOWEST = 16 * 1024;

/** An answer that asks to come back later: not before `after` milliseconds. */
export class Later extends Refused {
  /**
   * @param {Refused} refused
   * @param {number} after
   */
  constructor(refused, after) {
    super(refused.status, refused.message);
    this.after = after;
  }
}

/**
 * Begin an upload whose length nobody knows yet.
 * @param {string} recording id
 * @returns {Promise<string>} its path
 * @throws {Refused}
 */
export async function create(recording) {
  const response = await send("POST", "/api/uploads", {
    "Upload-Defer-Length": "1",
    "Upload-Metadata": `recording_id ${btoa(recording)}`,
  });
  // Only the path: what is before it may be what a proxy calls the server.
  return new URL(response.headers.get("Location") ?? "", location.href).pathname;
}

/**
 * Add a piece at offset `at`.
 * @param {string} path
 * @param {number} at
 * @param {Blob} body
 * @param {number | null} length of the whole upload, with its last piece
 * @returns {Promise<number>} the offset behind it
 * @throws {Refused}
 */
export async function append(path, at, body, length) {
  const response = await send("PATCH", path, {
    "Content-Type": PIECE,
    "Upload-Offset": String(at),
    ...(length === null ? {} : { "Upload-Length": String(length) }),
  }, body);
  return Number(response.headers.get("Upload-Offset"));
}

/**
 * How much of an upload is safe on the server.
 * @param {string} path
 * @returns {Promise<number>}
 * @throws {Refused}
 */
export async function offset(path) {
  return Number((await send("HEAD", path, {})).headers.get("Upload-Offset"));
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {Blob} [body]
 */
async function send(method, path, headers, body) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": csrfToken(), ...headers },
      body: body ?? null,
      signal: AbortSignal.timeout(PATIENCE + ((body?.size ?? 0) / SLOWEST) * 1000),
    });
  } catch {
    throw new Refused(0, UNREACHABLE);
  }
  if (response.ok) return response;
  const refused = refusal(response.status, await response.text().catch(() => ""));
  const wait = Number(response.headers.get("Retry-After"));
  throw wait > 0 ? new Later(refused, wait * 1000) : refused;
}

/** Sending a recording, with progress, which fetch cannot tell. */

import { csrfToken, Refused, refusal, UNREACHABLE } from "../base/api.js";

/**
 * @param {import("./portal.js").Entry} entry
 * @param {import("./recorder.js").Take} take
 * @param {(sent: number) => void} progressed bytes that have left the browser
 * @returns {Promise<string>} the recording's status: "ready", or "uploading" while it is being put away
 * @throws {Refused}
 */
export function send(entry, take, progressed) {
  const form = new FormData();
  form.append("recording_id", entry.recording);
  form.append("duration", take.seconds.toFixed(3));
  form.append("file", take.file, "recording.webm");
  const request = new XMLHttpRequest();
  request.open("POST", `/api/sessions/${entry.session}/recording/upload`);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.upload.addEventListener("progress", (event) => progressed(Math.min(event.loaded, take.file.size)));
  return new Promise((resolve, reject) => {
    request.addEventListener("error", () => reject(new Refused(0, UNREACHABLE)));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText).status);
      else reject(refusal(request.status, request.responseText));
    });
    request.send(form);
  });
}

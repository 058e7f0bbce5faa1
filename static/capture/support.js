/** What this browser can record, and in what. */

/** VP9 makes smaller files of screens; VP8 is what every recorder has. */
const TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8"];

/**
 * Why nothing can be recorded here, in a sentence; empty if all is well.
 * @returns {string}
 */
export function whyNot() {
  if (!window.isSecureContext) {
    return "Browsers share a screen only with pages that come over https. Ask an admin to set up https for Sortie.";
  }
  if (!navigator.mediaDevices?.getDisplayMedia) {
    return "This browser cannot share a screen. Open this page in Chrome, Edge or Firefox on a computer.";
  }
  if (typeof MediaRecorder === "undefined" || !typeFor(false)) {
    return "This browser cannot record video as WebM. Open this page in Chrome, Edge or Firefox.";
  }
  return "";
}

/**
 * The best type the browser can write.
 * @param {boolean} withSound
 * @returns {string | undefined}
 */
export function typeFor(withSound) {
  const types = withSound ? TYPES.map((type) => `${type},opus`) : TYPES;
  return types.find((type) => MediaRecorder.isTypeSupported(type));
}

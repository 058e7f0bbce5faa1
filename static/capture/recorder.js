/** One take: a stream becomes WebM bytes, never more of them than the portal accepts. */

import { typeFor } from "./support.js";

const CHUNK_EVERY = 1_000;
const KEYFRAME_EVERY = 4_000;
const VIDEO_BITS = 2_500_000;
const AUDIO_BITS = 96_000;
/** What may still come after the last chunk that was counted: the rest of an encoder's queue. */
const MARGIN = 128 * 1024;

/**
 * @typedef {object} Take
 * @property {Blob} file
 * @property {number} seconds
 * @property {boolean} full whether it was ended because no more would be accepted
 */

export class Recorder {
  /** @type {Blob[]} */
  #chunks = [];
  #largestChunk = 0;
  #began = 0;
  #ended = 0;
  #full = false;
  /** @type {MediaRecorder} */
  #recorder;

  /**
   * @param {MediaStream} stream
   * @param {{ largest: number, progressed: () => void }} how largest: bytes a recording may have
   */
  constructor(stream, { largest, progressed }) {
    const type = typeFor(stream.getAudioTracks().length > 0);
    this.bytes = 0;
    // videoKeyFrameIntervalDuration: a player can only jump to keyframes. Browsers that do not know it ignore it.
    const options = /** @type {MediaRecorderOptions} */ ({
      ...(type ? { mimeType: type } : {}),
      videoBitsPerSecond: VIDEO_BITS,
      audioBitsPerSecond: AUDIO_BITS,
      videoKeyFrameIntervalDuration: KEYFRAME_EVERY,
    });
    this.#recorder = new MediaRecorder(stream, options);
    this.#recorder.addEventListener("dataavailable", ({ data }) => {
      this.#take(data, largest);
      progressed();
    });
  }

  /** Seconds since the start. */
  get seconds() {
    return this.#began ? ((this.#ended || performance.now()) - this.#began) / 1000 : 0;
  }

  /**
   * Record until `stop`, or until the stream ends by itself.
   * @returns {Promise<Take>}
   */
  run() {
    return new Promise((resolve, reject) => {
      this.#recorder.addEventListener("stop", () => {
        this.#ended ||= performance.now();
        resolve({ file: new Blob(this.#chunks, { type: "video/webm" }), seconds: this.seconds, full: this.#full });
      });
      try {
        this.#recorder.start(CHUNK_EVERY);
        this.#began = performance.now();
      } catch (error) {
        reject(error);
      }
    });
  }

  stop() {
    this.#ended ||= performance.now();
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
  }

  /**
   * @param {Blob} data
   * @param {number} largest
   */
  #take(data, largest) {
    // What comes after a recording that is full would make all of it unacceptable.
    if (!data.size || this.bytes + data.size > largest) {
      if (data.size) this.#fill();
      return;
    }
    this.#chunks.push(data);
    this.bytes += data.size;
    this.#largestChunk = Math.max(this.#largestChunk, data.size);
    if (this.bytes + 2 * this.#largestChunk + MARGIN > largest) this.#fill();
  }

  #fill() {
    this.#full = true;
    this.stop();
  }
}

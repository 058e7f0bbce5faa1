/** One take: a stream becomes WebM bytes, handed on every second, never more of them than the portal accepts. */

import { typeFor } from "./support.js";

const CHUNK_EVERY = 1_000;
const KEYFRAME_EVERY = 4_000;
const VIDEO_BITS = 2_500_000;
const AUDIO_BITS = 96_000;
/** What may still come after the last chunk that was counted: the rest of an encoder's queue. */
const MARGIN = 128 * 1024;

export class Recorder {
  #handed = 0;
  #largestChunk = 0;
  #largest;
  #chunk;
  /** Milliseconds recorded before the last pause, and when recording went on after it. */
  #before = 0;
  #since = 0;
  /** @type {MediaRecorder} */
  #recorder;
  /** Whether it was ended because no more would be accepted. */
  full = false;

  /**
   * @param {MediaStream} stream
   * @param {{ largest: number, chunk: (data: Blob, seconds: number) => void }} how largest: bytes a recording may have
   */
  constructor(stream, { largest, chunk }) {
    const type = typeFor(stream.getAudioTracks().length > 0);
    this.#largest = largest;
    this.#chunk = chunk;
    // videoKeyFrameIntervalDuration: a player can only jump to keyframes. Browsers that do not know it ignore it.
    const options = /** @type {MediaRecorderOptions} */ ({
      ...(type ? { mimeType: type } : {}),
      videoBitsPerSecond: VIDEO_BITS,
      audioBitsPerSecond: AUDIO_BITS,
      videoKeyFrameIntervalDuration: KEYFRAME_EVERY,
    });
    this.#recorder = new MediaRecorder(stream, options);
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#take(data));
  }

  /** Seconds recorded, without pauses. */
  get seconds() {
    return (this.#before + (this.#since && performance.now() - this.#since)) / 1000;
  }

  get recording() {
    return this.#recorder.state === "recording";
  }

  /**
   * Record until `stop`, or until the stream ends by itself.
   * @returns {Promise<void>} after the last chunk
   */
  run() {
    return new Promise((resolve, reject) => {
      this.#recorder.addEventListener("stop", () => {
        this.#hold();
        resolve();
      });
      try {
        this.#recorder.start(CHUNK_EVERY);
        this.#since = performance.now();
      } catch (error) {
        reject(error);
      }
    });
  }

  pause() {
    if (!this.recording) return;
    this.#recorder.requestData();
    this.#recorder.pause();
    this.#hold();
  }

  resume() {
    if (this.#recorder.state !== "paused") return;
    this.#recorder.resume();
    this.#since = performance.now();
  }

  stop() {
    this.#hold();
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
  }

  #hold() {
    this.#before = this.seconds * 1000;
    this.#since = 0;
  }

  /** @param {Blob} data */
  #take(data) {
    if (!data.size) return;
    // What comes after a recording that is full would make all of it unacceptable.
    if (this.#handed + data.size > this.#largest) return this.#fill();
    this.#handed += data.size;
    this.#largestChunk = Math.max(this.#largestChunk, data.size);
    this.#chunk(data, this.seconds);
    if (this.#handed + 2 * this.#largestChunk + MARGIN > this.#largest) this.#fill();
  }

  #fill() {
    this.full = true;
    this.stop();
  }
}

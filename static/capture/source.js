/** Getting at a screen, a window or a tab, and at the microphone. */

const FRAMES_PER_SECOND = 10;

/** The microphone could not be had, though the screen could. `cause` is what the browser threw. */
export class NoMicrophone extends Error {}

/**
 * @typedef {object} Source
 * @property {MediaStream} stream one video track and at most one audio track
 * @property {() => void} release stop capturing
 */

/**
 * Ask for what is to be recorded. The browser shows its own dialog and needs a click to have led here.
 * @param {{ surface: string, microphone: boolean }} wish surface: "monitor", "window" or "browser"
 * @returns {Promise<Source>}
 * @throws {DOMException | NoMicrophone}
 */
export async function open({ surface, microphone }) {
  const screen = await navigator.mediaDevices.getDisplayMedia(
    /** @type {DisplayMediaStreamOptions} */ ({
      video: { displaySurface: surface, frameRate: { ideal: FRAMES_PER_SECOND, max: FRAMES_PER_SECOND } },
      audio: true,
      selfBrowserSurface: "include",
      surfaceSwitching: "include",
      systemAudio: "include",
    }),
  );
  const voice = microphone ? await openMicrophone(screen) : null;
  const sound = mix([screen, voice].filter((stream) => stream !== null));
  return {
    stream: new MediaStream([...screen.getVideoTracks(), ...sound.tracks]),
    release() {
      for (const stream of [screen, voice]) stream?.getTracks().forEach((track) => track.stop());
      sound.close();
    },
  };
}

/** @param {MediaStream} screen released again if there is no microphone */
async function openMicrophone(screen) {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  } catch (cause) {
    screen.getTracks().forEach((track) => track.stop());
    throw new NoMicrophone("No microphone", { cause });
  }
}

/**
 * One track of everything that can be heard: a recorder takes no more than one.
 * @param {MediaStream[]} streams
 * @returns {{ tracks: MediaStreamTrack[], close: () => void }}
 */
function mix(streams) {
  const heard = streams.filter((stream) => stream.getAudioTracks().length > 0);
  if (heard.length < 2) return { tracks: heard.flatMap((stream) => stream.getAudioTracks()), close() {} };
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  for (const stream of heard) context.createMediaStreamSource(stream).connect(out);
  return { tracks: out.stream.getAudioTracks(), close: () => void context.close() };
}

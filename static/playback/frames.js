/** Going by single pictures. Browsers have no such command, so the distance of pictures is learnt while they show. */

const USUAL = 0.1;
const SHORTEST = 1 / 60;

/**
 * @param {HTMLVideoElement} video
 * @returns {(by: 1 | -1) => void}
 */
export function stepsOf(video) {
  let distance = USUAL;
  let last = -1;
  /** @param {DOMHighResTimeStamp} _ @param {VideoFrameCallbackMetadata} shown */
  const learn = (_, shown) => {
    const since = shown.mediaTime - last;
    if (last >= 0 && since >= SHORTEST && since < distance) distance = since;
    last = video.paused ? -1 : shown.mediaTime;
    video.requestVideoFrameCallback(learn);
  };
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(learn);
  return (by) => {
    video.pause();
    video.currentTime = Math.min(Math.max(video.currentTime + by * distance, 0), video.duration || 0);
  };
}

/** What the page asks of what it plays: a video, or a terminal that behaves like one. */

/**
 * @typedef {Pick<HTMLMediaElement, "currentTime" | "duration" | "paused" | "playbackRate" | "readyState" | "error" | "src" | "currentSrc" | "play" | "pause" | "load"> & EventTarget} Watched
 */

export {};

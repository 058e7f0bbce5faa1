/** Poster and hover previews of a recording that was made just now: they come some seconds after it. */

const EVERY = 3_000;
const TIMES = 20;

/**
 * @param {HTMLElement} page
 * @param {HTMLVideoElement} video
 */
export async function awaitPictures(page, video) {
  silencePreviews(page);
  if (!page.querySelector("[data-awaits-pictures]")) return;
  for (let time = 0; time < TIMES; time++) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    if (await show(video)) return;
  }
}

/**
 * Show what the page would have if it were loaded now.
 * @param {HTMLVideoElement} video
 * @returns {Promise<boolean>} whether there was anything
 */
async function show(video) {
  try {
    const response = await fetch(location.pathname, { redirect: "error" });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("video");
    const track = fresh?.querySelector("track");
    if (!fresh || !track) return false;
    video.poster = fresh.poster;
    const previews = /** @type {HTMLTrackElement} */ (document.adoptNode(track));
    video.append(previews);
    // A track that comes late is not loaded by itself, default or not.
    previews.track.mode = "hidden";
    return true;
  } catch {
    // The connection is away for a moment; what is waited for is only an ornament.
    return false;
  }
}

/**
 * The preview says nothing that the time beside it does not say; its image has no words of its own.
 * @param {HTMLElement} page
 */
export async function silencePreviews(page) {
  await customElements.whenDefined("media-preview-thumbnail");
  const preview = page.querySelector("media-time-range")?.shadowRoot?.querySelector("media-preview-thumbnail");
  preview?.shadowRoot?.querySelector("img")?.setAttribute("alt", "");
}

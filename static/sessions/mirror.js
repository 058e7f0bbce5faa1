/** A stream of pictures of a canvas, ten a second whether it changes or not. */

const FRAMES_PER_SECOND = 10;

/**
 * @param {() => HTMLCanvasElement | null} source what to show; null while there is nothing new
 * @param {string} ticker address of the worker that keeps time
 * @returns {{ stream: MediaStream, release: () => void }}
 */
export function mirror(source, ticker) {
  const copy = document.createElement("canvas");
  // With an alpha channel Chromium would record a second picture, of what is transparent.
  const pen = copy.getContext("2d", { alpha: false });
  if (!pen) throw new Error("The browser has no canvas to draw on.");
  const first = source();
  // Even numbers, as codecs want them. It keeps its size when the desktop changes its own.
  copy.width = Math.max(2, (first?.width ?? 1280) & ~1);
  copy.height = Math.max(2, (first?.height ?? 800) & ~1);
  let odd = false;
  const draw = () => {
    const picture = source();
    if (picture?.width) place(pen, picture);
    // A picture that has not changed is none to the browser, and a recording of none has no length.
    odd = !odd;
    pen.fillStyle = odd ? "#000000" : "#010101";
    pen.fillRect(copy.width - 1, copy.height - 1, 1, 1);
  };
  draw();
  const clock = new Worker(ticker);
  clock.addEventListener("message", draw);
  const stream = copy.captureStream(FRAMES_PER_SECOND);
  return {
    stream,
    release() {
      clock.terminate();
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

/**
 * Draw all of a picture, as large as there is room for.
 * @param {CanvasRenderingContext2D} pen
 * @param {HTMLCanvasElement} picture
 */
function place(pen, picture) {
  const { width, height } = pen.canvas;
  if (picture.width === width && picture.height === height) return pen.drawImage(picture, 0, 0);
  const scale = Math.min(width / picture.width, height / picture.height);
  const [wide, high] = [picture.width * scale, picture.height * scale];
  pen.fillStyle = "#000000";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(picture, (width - wide) / 2, (height - high) / 2, wide, high);
}

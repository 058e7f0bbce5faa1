/** Saving a recording to the viewer's own disk, for when the portal does not take it. */

/**
 * @param {Blob} file
 * @param {string} title
 */
export function save(file, title) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${title.replace(/[\\/:*?"<>|\s\u0000-\u001f]+/g, " ").trim() || "recording"}.webm`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

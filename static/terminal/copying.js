/** What is selected on the screen is copied as lines of text, without the cells that nothing was written to. */

/** @param {HTMLElement} player */
export function copyAsLines(player) {
  player.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData) return;
    const range = selection.getRangeAt(0);
    const rows = [...player.querySelectorAll(".ap-line")].filter((row) => range.intersectsNode(row));
    if (!rows.length) return;
    event.clipboardData.setData("text/plain", rows.map((row) => selectedOf(row, range).trimEnd()).join("\n"));
    event.preventDefault();
  });
}

/**
 * @param {Element} row
 * @param {Range} range
 * @returns {string} what of the row is within the range
 */
function selectedOf(row, range) {
  const part = document.createRange();
  part.selectNodeContents(row);
  if (range.compareBoundaryPoints(Range.START_TO_START, part) > 0) part.setStart(range.startContainer, range.startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, part) < 0) part.setEnd(range.endContainer, range.endOffset);
  return part.toString();
}

/** A line of text that is edited where it stands. */

/**
 * Put a field in place of `shown` until it is saved (Enter, or leaving it) or given up (Escape).
 * @param {HTMLElement} shown
 * @param {{ label: string, value: string, longest: number, save: (text: string) => Promise<unknown> }} how
 *   `save` may throw: the field stays and says why
 * @returns {Promise<boolean>} whether something was saved
 */
export function editInPlace(shown, { label, value, longest, save }) {
  const field = document.createElement("input");
  field.className = "input in-place";
  field.value = value;
  field.maxLength = longest;
  field.setAttribute("aria-label", label);
  shown.hidden = true;
  shown.after(field);
  field.focus();
  field.select();
  return new Promise((resolve) => {
    let busy = false;
    /** @param {boolean} saved */
    const finish = (saved) => {
      busy = true;
      field.remove();
      shown.hidden = false;
      resolve(saved);
    };
    const commit = async () => {
      if (busy) return;
      if (field.value.trim() === value) return finish(false);
      busy = true;
      field.readOnly = true;
      try {
        await save(field.value.trim());
        finish(true);
      } catch (error) {
        busy = false;
        field.readOnly = false;
        complain(field, error);
      }
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") {
        event.preventDefault();
        commit();
      } else if (event.key === "Escape" && !busy) finish(false);
    });
    field.addEventListener("blur", commit);
  });
}

/**
 * @param {HTMLInputElement} field
 * @param {unknown} error
 */
function complain(field, error) {
  field.setCustomValidity(error instanceof Error ? error.message : String(error));
  field.reportValidity();
  field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
}

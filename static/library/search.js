/** `/` goes to the search box from anywhere on the page. */

export function offerSearchKey() {
  const box = document.querySelector("[data-search]");
  if (!(box instanceof HTMLInputElement)) return;
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest("input, textarea, select, dialog");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
}

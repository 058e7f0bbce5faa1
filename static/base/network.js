/** Say so while the browser has no connection. */

export function tellWhenOffline() {
  const bar = document.querySelector("[data-offline]");
  if (!(bar instanceof HTMLElement)) return;
  const show = () => {
    bar.hidden = navigator.onLine;
  };
  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
}

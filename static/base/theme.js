/** Light, dark, or as the system has it. The choice is a cookie, so that the server sends the page in it. */

const COOKIE = "sortie-theme";
const YEAR = 31_536_000;

export function offerThemes() {
  const choices = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-theme-choice]"));
  for (const choice of choices) {
    choice.addEventListener("click", () => {
      const theme = choice.dataset["themeChoice"] ?? "";
      set(theme);
      for (const other of choices) other.setAttribute("aria-pressed", String(other === choice));
    });
  }
}

/** @param {string} theme "light", "dark", or empty for the system's */
function set(theme) {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${theme ? YEAR : 0}; SameSite=Lax${secure}`;
}

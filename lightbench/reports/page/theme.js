// Dark mode: what the system says, until the reader says otherwise.
function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = one("#dark");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const press = () => button.setAttribute("aria-pressed", String(dark()));
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    press();
  });
  system.addEventListener("change", press);
  press();
}

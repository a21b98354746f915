// Commands are copied by a click.
function startCommands() {
  if (!navigator.clipboard) return;
  all(".command").forEach((command) => {
    const copy = make("button", { type: "button" }, "Copy");
    copy.ariaLive = "polite";
    copy.addEventListener("click", () => {
      navigator.clipboard.writeText(one("code", command).textContent)
        .then(() => "Copied", () => "Failed")
        .then((word) => {
          copy.textContent = word;
          setTimeout(() => { copy.textContent = "Copy"; }, 2000);
        });
    });
    command.append(copy);
  });
}

// The theme switch without a reload. Without script the same form does the same with one.
for (const form of document.querySelectorAll("[data-theme-switch]")) {
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const body = new FormData(form, button);
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (!answer || (answer.type !== "opaqueredirect" && !answer.ok)) {
      const choice = Object.assign(document.createElement("input"), { type: "hidden" });
      choice.name = button.name;
      choice.value = button.value;
      form.append(choice);
      form.submit();
      return;
    }
    if (button.value === "device") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = button.value;
    for (const other of form.querySelectorAll("button")) other.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
  });
}

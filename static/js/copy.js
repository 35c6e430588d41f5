// Buttons that copy: <button type="button" data-copy="#id" data-copied="Copied">Copy</button>.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const chosen = getSelection();
    chosen.selectAllChildren(source);
    try {
      await navigator.clipboard.writeText(source.dataset.text ?? source.textContent);
    } catch {
      return; // The text is selected; the person can copy it by hand.
    }
    const words = button.querySelector("[data-words]") ?? button;
    const before = words.textContent;
    words.textContent = button.dataset.copied;
    setTimeout(() => {
      words.textContent = before;
    }, 2000);
  });
}

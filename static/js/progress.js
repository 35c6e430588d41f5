// A job that runs: <div data-poll="/address/of/fragment" data-every="1000">…</div>.
// The fragment replaces the content; it carries data-done="true" on its first element when over.
function poll(box) {
  const every = Number(box.dataset.every || 1000);
  let wait = every;
  const ask = async () => {
    if (document.hidden) {
      setTimeout(ask, every);
      return;
    }
    try {
      const answer = await fetch(box.dataset.poll, { headers: { "X-Fragment": "1" } });
      if (answer.redirected) {
        location.reload(); // whoever was here has been logged out
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      box.innerHTML = await answer.text();
      wait = every;
    } catch {
      wait = Math.min(wait * 2, 30000);
    }
    if (!box.querySelector('[data-done="true"]')) setTimeout(ask, wait);
  };
  if (!box.querySelector('[data-done="true"]')) setTimeout(ask, every);
}

for (const box of document.querySelectorAll("[data-poll]")) poll(box);

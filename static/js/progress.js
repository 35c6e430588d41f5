// A job that runs: <div data-poll="/address/of/fragment" data-every="1000">…</div>.
// The fragment replaces the content; it carries data-done="true" on its first element when over.
// With data-whole the end shows the whole page anew: what stands around the box has changed, too.
function poll(box) {
  const every = Number(box.dataset.every || 1000);
  let wait = every;
  let known = "";
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
      const told = await answer.text();
      if (told !== known) box.innerHTML = known = told; // what has not changed keeps its focus
      wait = every;
    } catch {
      wait = Math.min(wait * 2, 30000);
    }
    if (!box.querySelector('[data-done="true"]')) setTimeout(ask, wait);
    else if ("whole" in box.dataset) location.reload();
  };
  if (!box.querySelector('[data-done="true"]')) setTimeout(ask, every);
}

for (const box of document.querySelectorAll("[data-poll]")) poll(box);

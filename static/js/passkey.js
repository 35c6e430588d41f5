// A form that a passkey fills in: the server's options go to the device, its answer into the form.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

function opened(options) {
  const list = (found) => (found ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const opened = { ...options, challenge: bytes(options.challenge) };
  if (options.user) opened.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) opened.excludeCredentials = list(options.excludeCredentials);
  if (options.allowCredentials) opened.allowCredentials = list(options.allowCredentials);
  return opened;
}

function written(credential) {
  const answer = credential.response;
  const response = { clientDataJSON: text(answer.clientDataJSON) };
  if (answer.attestationObject) {
    response.attestationObject = text(answer.attestationObject);
    response.transports = answer.getTransports?.() ?? [];
  } else {
    response.authenticatorData = text(answer.authenticatorData);
    response.signature = text(answer.signature);
    response.userHandle = answer.userHandle ? text(answer.userHandle) : null;
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    const field = form.querySelector("[name=credential]");
    if (form.dataset.ready) return;
    event.preventDefault();
    const failed = form.querySelector("[data-passkey-failed]");
    failed.hidden = true;
    const given = JSON.parse(document.querySelector(form.dataset.options).textContent);
    const options = (given.creation_options ?? given.request_options).publicKey;
    try {
      const ask = form.dataset.passkey === "create" ? "create" : "get";
      const credential = await navigator.credentials[ask]({ publicKey: opened(options) });
      field.value = JSON.stringify(written(credential));
    } catch {
      failed.hidden = false;
      return;
    }
    form.dataset.ready = "1";
    form.submit();
  });
}

// Passkeys: asks the browser for what the server wants, and posts the answer as a form.
// A form says what it is by data-passkey: "get" signs in, "create" adds a passkey.

const RENEW_BEFORE = 30_000; // milliseconds before a challenge's end
let waiting = null; // the sign-in that the number field's suggestions wait for

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) =>
    letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const withBytes = (items = []) =>
  items.map((item) => ({ ...item, id: toBytes(item.id) }));

function parsed(options) {
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) {
    publicKey.user = { ...options.user, id: toBytes(options.user.id) };
    publicKey.excludeCredentials = withBytes(options.excludeCredentials);
  } else {
    publicKey.allowCredentials = withBytes(options.allowCredentials);
  }
  return publicKey;
}

function written(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: toText(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = toText(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: parts,
  });
}

function say(form, name) {
  const state = form.querySelector("[data-passkey-state]");
  state.textContent = form.querySelector("[data-passkey-words]").dataset[name];
  state.hidden = false;
}

async function options(form) {
  const body = new URLSearchParams();
  for (const name of ["csrf_token", "proof"]) {
    if (form.elements[name]) body.set(name, form.elements[name].value);
  }
  const answer = await fetch(form.dataset.options, { method: "POST", body });
  const type = answer.headers.get("Content-Type") ?? "";
  if (!answer.ok || !type.startsWith("application/json")) throw new Error("stale");
  return parsed(await answer.json());
}

function send(form, credential) {
  form.elements.credential.value = written(credential);
  form.submit();
}

async function ask(form) {
  waiting?.abort();
  const button = form.querySelector("button");
  button.disabled = true;
  say(form, "asking");
  try {
    const publicKey = await options(form);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    send(form, credential);
  } catch (error) {
    button.disabled = false;
    if (error.message === "stale") say(form, "stale");
    else say(form, error.name === "InvalidStateError" ? "known" : "cancelled");
  }
}

// Conditional UI: the number field suggests passkeys, without a press of any button.
async function suggest(form) {
  if (!document.querySelector("input[autocomplete~=webauthn]")) return;
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  try {
    const publicKey = await options(form);
    waiting = new AbortController();
    const renew = setTimeout(() => {
      waiting.abort();
      suggest(form);
    }, Math.max(publicKey.timeout - RENEW_BEFORE, RENEW_BEFORE));
    const { signal } = waiting;
    signal.addEventListener("abort", () => clearTimeout(renew));
    send(form, await navigator.credentials.get({ publicKey, signal, mediation: "conditional" }));
  } catch {
    // Nobody chose a passkey: the page stays as it is, with its button.
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) {
    say(form, "unsupported");
    form.querySelector("button").disabled = true;
    continue;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
  if (form.dataset.passkey === "get") suggest(form);
}

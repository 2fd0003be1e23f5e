"use strict";
// Passkeys: the one thing here that needs JavaScript. The server makes the options and judges the answer; this only carries them.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

const options = (form) => {
  const asked = JSON.parse(form.dataset.options);
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  if (asked.allowCredentials) asked.allowCredentials = known(asked.allowCredentials);
  if (asked.excludeCredentials) asked.excludeCredentials = known(asked.excludeCredentials);
  return asked;
};

const answer = ({ id, type, response }) => {
  const sent = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) sent[name] = text(response[name]);
  }
  if (response.getTransports) sent.transports = response.getTransports();
  return JSON.stringify({ id, rawId: id, type, response: sent });
};

const send = (form, credential) => {
  form.elements.passkey.value = answer(credential);
  form.submit();
};

const prepare = async (form) => {
  const button = form.querySelector("button");
  const problem = form.querySelector("[role=alert]");
  const isNew = form.dataset.passkey === "create";
  let waiting = null;
  const say = (message) => {
    problem.firstElementChild.textContent = message;
    problem.hidden = !message;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (waiting) waiting.abort();
    say("");
    button.disabled = true;
    try {
      const publicKey = options(form);
      send(form, await (isNew ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey })));
    } catch (error) {
      button.disabled = false;
      say(error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed);
    }
  });
  button.hidden = false;
  for (const hint of document.querySelectorAll("[data-without-passkeys]")) hint.hidden = true;
  if (!("conditional" in form.dataset) || !PublicKeyCredential.isConditionalMediationAvailable) return;
  if (!(await PublicKeyCredential.isConditionalMediationAvailable())) return;
  waiting = new AbortController();
  try {
    send(form, await navigator.credentials.get({ publicKey: options(form), mediation: "conditional", signal: waiting.signal }));
  } catch {
    // Nobody chose a passkey in the field, or the button was pressed: the form and the button are still there.
  }
};

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) prepare(form);
}

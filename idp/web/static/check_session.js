"use strict";
// OpenID Connect Session Management 1.0 section 3.2: a department's frame asks "client_id session_state", we answer
// unchanged, changed or error, to the origin that asked and to nobody else.
const cookieName = document.currentScript.dataset.cookie;

const browserState = () => {
  const prefix = `${cookieName}=`;
  const found = document.cookie.split("; ").find((one) => one.startsWith(prefix));
  return found ? found.slice(prefix.length) : "";
};

const digest = async (text) => {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(hash))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const answer = async (message, origin) => {
  const match = typeof message === "string" ? /^(\S{1,2048}) ([\w-]{43})\.([\w-]{22})$/.exec(message) : null;
  if (!match || origin === "null") return "error";
  const [, clientId, given, salt] = match;
  return (await digest(`${clientId} ${origin} ${browserState()} ${salt}`)) === given ? "unchanged" : "changed";
};

window.addEventListener("message", async (event) => {
  if (event.source === window || !event.source) return;
  const target = event.origin === "null" ? "*" : event.origin;
  event.source.postMessage(await answer(event.data, event.origin), target);
});

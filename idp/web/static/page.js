"use strict";
// Progressive touches only: every page works without this file.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const isHidden = field.type === "password";
    field.type = isHidden ? "text" : "password";
    button.textContent = isHidden ? button.dataset.hide : button.dataset.show;
  });
}
const carrier = document.querySelector("form[data-submit]");
if (carrier) carrier.submit();
// After a sign-out: go on as soon as every department's page has been loaded, and in any case after a few seconds.
const onward = document.querySelector("a[data-continue]");
if (onward) {
  const go = () => location.replace(onward.href);
  const waiting = new Set(document.querySelectorAll("iframe[data-logout]"));
  for (const frame of waiting) {
    frame.addEventListener("load", () => {
      waiting.delete(frame);
      if (!waiting.size) go();
    });
  }
  setTimeout(go, 4000);
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

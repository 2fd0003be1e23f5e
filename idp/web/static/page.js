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

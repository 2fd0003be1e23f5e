"use strict";
// Without this file the person presses the button; with it the page goes on by itself when the phone has answered.
const waiting = document.querySelector("[data-poll]");
if (waiting) {
  const ask = async () => {
    try {
      const answer = await fetch(waiting.dataset.poll, { headers: { Accept: "application/json" } });
      const { state } = await answer.json();
      if (state !== "waiting") return location.replace(`${location.pathname}?way=qr`);
    } catch { /* The network may be back at the next turn. */ }
    return setTimeout(ask, 2000);
  };
  setTimeout(ask, 2000);
}

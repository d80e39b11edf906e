// Tell the live state in words as it changes, and leave as soon as the reading is over.
// Without script the page loads itself anew each second.
"use strict";

const live = document.getElementById("live");

async function follow() {
  for (;;) {
    const query = new URLSearchParams({ known: live.dataset.mark });
    const answer = await fetch(`${live.dataset.stateUrl}?${query}`);
    const state = await answer.json();
    if (state.return_url) {
      window.location.replace(state.return_url);
    } else if (state.ended) {
      window.location.reload();
    }
    live.dataset.mark = state.mark;
    live.className = `state ${state.state}`;
    live.querySelector(".text").textContent = state.text;
    live.querySelector(".note").textContent = state.note;
    if (state.ended) {
      return;
    }
  }
}

follow().catch(() => setTimeout(() => window.location.reload(), 1000));

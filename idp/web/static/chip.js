// Progressive: without this script the same buttons lead the same way.
"use strict";

const toAgent = document.getElementById("to-agent");
const toReader = document.getElementById("to-reader");
const state = document.getElementById("reader-state");

if (toAgent) {
  // Coming back by the browser's own button must not lead on again.
  const [entry] = performance.getEntriesByType("navigation");
  if (!entry || entry.type === "navigate") toAgent.submit();
}

if (toReader && state) {
  let asked = false;
  toReader.addEventListener("submit", async (event) => {
    if (asked) return; // a second press goes on, whatever was found
    event.preventDefault();
    say("looking");
    const found = await presence(state.dataset.agent);
    asked = true;
    say(found);
    if (found !== "absent" && found !== "denied") toReader.submit();
  });
}

async function presence(agent) {
  // Asked after a press only: the browser's own question then has its reason on screen.
  try {
    const answer = await ask(`${agent}/status`);
    const { presence: seen } = await answer.json();
    return seen in state.dataset ? seen : "none";
  } catch {
    return (await isDenied()) ? "denied" : "absent";
  }
}

function ask(address) {
  const wishes = { mode: "cors", credentials: "omit", cache: "no-store" };
  try {
    return fetch(new Request(address, { ...wishes, targetAddressSpace: "loopback" }));
  } catch {
    return fetch(address, wishes); // a browser that does not know the word
  }
}

async function isDenied() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      const { state: answer } = await navigator.permissions.query({ name });
      return answer === "denied";
    } catch {
      continue;
    }
  }
  return false;
}

function say(word) {
  state.querySelector("p").textContent = state.dataset[word];
  state.hidden = false;
}

// The waiting page: looks whether the phone has answered, and goes on by itself.

const EVERY = 2000; // milliseconds
const approved = document.querySelector("[data-approved]");
const waiting = document.querySelector("[data-watch]");

async function look() {
  try {
    const answer = await fetch(waiting.dataset.watch, { cache: "no-store" });
    const { state } = await answer.json();
    if (state !== "waiting") {
      location.reload();
      return;
    }
  } catch {
    // The network is away for a moment: the next look will tell.
  }
  setTimeout(look, EVERY);
}

if (approved) approved.submit();
else if (waiting) setTimeout(look, EVERY);

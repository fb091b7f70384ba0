"use strict";
// Shows the moments of a page in local time, and moves by keys. Every page works without it.

const clock = { minute: { hour: "2-digit", minute: "2-digit" }, second: { hour: "2-digit", minute: "2-digit", second: "2-digit" } };
const day = { day: "numeric", month: "short" };
for (const shown of document.querySelectorAll("time[datetime]")) {
  const at = new Date(shown.dateTime);
  const time = at.toLocaleTimeString([], { ...clock[shown.dataset.form || "minute"], hour12: false });
  const today = at.toDateString() === new Date().toDateString();
  shown.textContent = (today ? "today" : at.toLocaleDateString([], day)) + " " + time;
}

const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const feed = new EventSource(live.dataset.live);
  feed.onmessage = (event) => {
    live.hidden = event.data === "0";
    live.firstElementChild.textContent = event.data + " newer: show";
  };
  feed.onerror = () => feed.readyState === EventSource.CLOSED && feed.close();
  addEventListener("pagehide", () => feed.close());
}

const rows = [...document.querySelectorAll("a[data-row]")];
function move(step) {
  if (!rows.length) {
    document.querySelector(step > 0 ? "a[rel=next]" : "a[rel=prev]")?.click();
    return;
  }
  const here = rows.indexOf(document.activeElement);
  const next = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "?") document.getElementById("keys").showModal();
});

for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
  });
}

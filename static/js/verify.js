// Computes a file's SHA-256 in the browser, so that only the digest is sent and the file stays where it
// is. Without this, or where the browser has no crypto.subtle (no HTTPS), the form sends the file, and
// the server keeps nothing of it.
"use strict";
(() => {
  const form = document.getElementById("file-form");
  if (!form || !window.crypto || !crypto.subtle) return;
  const input = document.getElementById("file");
  const note = document.getElementById("file-note");
  const say = text => { note.textContent = text; };
  document.getElementById("file-sent").hidden = true;
  document.getElementById("file-stays").hidden = false;
  document.getElementById("file-drop").hidden = false;
  const ask = async file => {
    say(form.dataset.working);
    try {
      const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      const hex = Array.from(sum, b => b.toString(16).padStart(2, "0")).join("");
      const at = new URLSearchParams({q: hex});
      const lot = document.getElementById("lot");
      if (lot && lot.value.trim()) at.set("lot", lot.value.trim());
      location.assign("/verify?" + at);
    } catch {
      say(form.dataset.failed);
    }
  };
  input.addEventListener("change", () => { if (input.files.length) ask(input.files[0]); });
  form.addEventListener("submit", e => {
    e.preventDefault();
    if (input.files.length) ask(input.files[0]); else say(form.dataset.none);
  });
  // A file may be dropped anywhere: one that misses the form must not replace the page.
  let over = 0;
  const mark = on => form.classList.toggle("over", on);
  addEventListener("dragenter", e => { e.preventDefault(); over++; mark(true); });
  addEventListener("dragleave", () => { over = Math.max(0, over - 1); mark(over > 0); });
  addEventListener("dragover", e => e.preventDefault());
  addEventListener("drop", e => {
    e.preventDefault();
    over = 0;
    mark(false);
    if (e.dataTransfer.files.length) ask(e.dataTransfer.files[0]);
  });
  addEventListener("pageshow", () => say(""));
})();
(() => {
  const button = document.getElementById("print");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => print());
})();

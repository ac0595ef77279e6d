// Fills in where the phone is, for a place that somebody stands in. Without it the figures are typed.
"use strict";
(() => {
  const host = document.getElementById("locate");
  const latitude = document.querySelector('input[name="latitude"]');
  const longitude = document.querySelector('input[name="longitude"]');
  if (!host || !latitude || !longitude || !navigator.geolocation || !window.isSecureContext) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = host.dataset.button;
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  host.append(button, " ", note);
  host.hidden = false;
  longitude.closest(".group").append(host);
  button.addEventListener("click", () => {
    note.textContent = host.dataset.wait;
    navigator.geolocation.getCurrentPosition(at => {
      latitude.value = at.coords.latitude.toFixed(6);
      longitude.value = at.coords.longitude.toFixed(6);
      note.textContent = "";
      longitude.dispatchEvent(new Event("input", {bubbles: true}));
    }, () => {
      note.textContent = host.dataset.denied;
    }, {enableHighAccuracy: true, timeout: 20000});
  });
})();

// Reads the codes of the first and the last label with the camera, where the browser itself can recognise
// one. Without it they are typed, or read by a hand scanner that types.
"use strict";
(async () => {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const formats = await BarcodeDetector.getSupportedFormats();
  if (!formats.includes("qr_code")) return;
  const detector = new BarcodeDetector({formats: ["qr_code"]});
  const view = document.getElementById("scan-view");
  const note = document.getElementById("scan-note");
  let stop = () => {};
  for (const button of document.querySelectorAll("[data-scan]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      stop();
      note.textContent = "";
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
      } catch {
        note.textContent = button.dataset.denied;
        return;
      }
      let over = false;
      stop = () => {
        over = true;
        stream.getTracks().forEach(t => t.stop());
        view.hidden = true;
      };
      view.srcObject = stream;
      view.hidden = false;
      await view.play();
      const look = async () => {
        if (over) return;
        const found = await detector.detect(view).catch(() => []);
        if (found.length === 0) {
          requestAnimationFrame(look);
          return;
        }
        stop();
        const field = document.getElementById(button.dataset.scan);
        field.value = found[0].rawValue;
        field.dispatchEvent(new Event("input", {bubbles: true}));
        field.focus();
      };
      look();
    });
  }
})();

// Reads a QR code with the camera where the browser itself can recognise one. Without it the page is
// complete: a code can be typed, and any phone's own camera opens the address.
"use strict";
(async () => {
  const button = document.getElementById("scan");
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const formats = await BarcodeDetector.getSupportedFormats();
  if (!formats.includes("qr_code")) return;
  const detector = new BarcodeDetector({formats: formats.filter(f => ["qr_code", "data_matrix", "ean_13", "code_128"].includes(f))});
  const view = document.getElementById("scan-view");
  const note = document.getElementById("scan-note");
  button.hidden = false;
  button.addEventListener("click", async () => {
    note.textContent = "";
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
    } catch {
      note.textContent = button.dataset.denied;
      return;
    }
    view.srcObject = stream;
    view.hidden = false;
    await view.play();
    const look = async () => {
      const found = await detector.detect(view).catch(() => []);
      if (found.length === 0) {
        requestAnimationFrame(look);
        return;
      }
      stream.getTracks().forEach(t => t.stop());
      document.getElementById("q").value = found[0].rawValue;
      button.form.submit();
    };
    look();
  });
})();

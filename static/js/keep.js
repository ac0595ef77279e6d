// Keeps what was typed into a form until the server has accepted it, so that a lost connection or a
// closed tab loses nothing. Passwords and files are never kept. Without this script every form works.
"use strict";
(() => {
  const prefix = "keep:";
  const words = document.body.dataset;
  let store;
  try {
    store = window.localStorage;
    store.getItem(prefix);
  } catch {
    return; // the browser keeps nothing for us
  }
  const longest = 14 * 24 * 3600 * 1000; // older ones are of no use to anybody
  const keptKeys = () => Object.keys(store).filter(k => k.startsWith(prefix));
  const read = key => {
    try {
      return JSON.parse(store.getItem(key));
    } catch {
      return null;
    }
  };
  const write = (key, entry) => {
    try {
      store.setItem(key, JSON.stringify({...entry, at: Date.now()}));
    } catch {
      // full: what is typed is still in the page
    }
  };

  // What was sent and accepted needs no keeping: the server says so on the page it leads to.
  const accepted = document.getElementById("done") !== null;
  for (const key of keptKeys()) {
    const entry = read(key);
    if (!entry || accepted && entry.sent || Date.now() - entry.at > longest) store.removeItem(key);
  }
  document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => keptKeys().forEach(k => store.removeItem(k)));

  const worthKeeping = field => field.name && !["password", "file", "submit", "button"].includes(field.type) &&
    (field.type !== "hidden" || field.name === "token");
  const values = form => {
    const all = {};
    for (const field of form.elements) {
      if (!worthKeeping(field)) continue;
      all[field.name] ??= [];
      if (field.type !== "checkbox" || field.checked) all[field.name].push(field.value);
    }
    return all;
  };
  const restore = (form, all) => {
    for (const field of form.elements) {
      const kept = worthKeeping(field) && all[field.name];
      if (!kept) continue;
      if (field.type === "checkbox") field.checked = kept.includes(field.value);
      else if (kept.length > 0) field.value = kept[0];
      const fold = field.closest("details");
      if (fold && field.value && field.type !== "checkbox" && field.type !== "hidden") fold.open = true;
    }
  };
  const say = (form, text) => {
    let note = form.querySelector(".kept");
    if (!note) {
      note = document.createElement("p");
      note.className = "kept";
      note.setAttribute("role", "status");
      form.prepend(note);
    }
    note.textContent = text;
    return note;
  };

  for (const form of document.querySelectorAll("form[data-keep]")) {
    const key = prefix + form.dataset.keep;
    const entry = read(key);
    const fresh = values(form);
    if (entry && "faults" in form.dataset) {
      write(key, {values: fresh}); // the server has answered with what was typed
    } else if (entry && JSON.stringify({...entry.values, token: 0}) !== JSON.stringify({...fresh, token: 0})) {
      restore(form, entry.values);
      const fold = form.closest("details");
      if (fold) fold.open = true;
      const discard = document.createElement("button");
      discard.type = "button";
      discard.className = "link";
      discard.textContent = words.discard;
      discard.addEventListener("click", () => {
        store.removeItem(key);
        location.reload();
      });
      say(form, words.restored + " ").append(discard);
    }
    let timer;
    const keep = () => {
      clearTimeout(timer);
      timer = setTimeout(() => write(key, {values: values(form)}), 300);
    };
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
    form.addEventListener("submit", event => {
      clearTimeout(timer);
      if (navigator.onLine === false) {
        event.preventDefault();
        write(key, {values: values(form)});
        say(form, words.offline).scrollIntoView({block: "center"});
        return;
      }
      write(key, {values: values(form), sent: true});
    });
  }
})();

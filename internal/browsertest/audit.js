// audit lists what is wrong with the page for somebody who sees badly, whose fingers are not exact, or
// who has it read aloud. Each rule is from WCAG 2.2, levels A and AA, unless it says otherwise. It knows
// no page of ours, and finds nothing that needs judgement.
(want) => {
  const found = [];
  const style = e => getComputedStyle(e);
  const shown = e => {
    const r = e.getBoundingClientRect();
    return e.checkVisibility({visibilityProperty: true}) && r.width > 0 && r.height > 0 && r.right + scrollX > 0;
  };
  const wording = e => (e.innerText ?? e.textContent ?? "").trim(); // what is drawn in SVG has no innerText
  const name = e => {
    let n = e.tagName.toLowerCase();
    if (e.id) n += "#" + e.id;
    else if (e.className && e.className.baseVal === undefined) n += "." + e.className.trim().replace(/\s+/g, ".");
    const text = (e.innerText || e.value || "").trim().replace(/\s+/g, " ");
    return text ? `${n} "${text.slice(0, 40)}"` : n;
  };
  const all = selector => [...document.querySelectorAll(selector)];

  // 3.1.1 language of the page, 2.4.2 its title
  if (document.documentElement.lang !== want.lang) found.push(`lang is "${document.documentElement.lang}", not "${want.lang}"`);
  if (!document.title.trim()) found.push("no title");

  // 1.4.10 reflow: nothing sticks out, so nobody scrolls sideways to read
  const wide = document.scrollingElement.scrollWidth;
  if (wide > want.width) {
    const guilty = all("body *").filter(e => shown(e) && e.getBoundingClientRect().right > want.width + 1);
    found.push(`${wide} px wide, not ${want.width}: ${guilty.slice(-3).map(name).join(", ")}`);
  }
  // 1.4.4 resize text
  const viewport = document.querySelector("meta[name=viewport]")?.content || "";
  if (!viewport.includes("width=device-width") || /user-scalable|maximum-scale/.test(viewport)) found.push(`viewport "${viewport}"`);

  // 1.3.1 structure: one h1, first, and no level left out; one main
  const levels = all("h1,h2,h3,h4,h5,h6").filter(shown).map(e => +e.tagName[1]);
  if (levels.filter(l => l === 1).length !== 1 || levels[0] !== 1) found.push(`headings ${levels}: want one h1, first`);
  levels.forEach((l, i) => { if (i > 0 && l > levels[i - 1] + 1) found.push(`headings ${levels}: a level is left out`); });
  if (all("main").length !== 1) found.push("want one main");

  // 1.1.1 pictures have a text, or are hidden from who cannot see them
  for (const e of all("img")) if (!e.hasAttribute("alt")) found.push(`${e.src}: no alt`);
  for (const e of all("svg")) if (!e.closest("[aria-hidden=true]") && !e.getAttribute("aria-label")) found.push("svg without a text");

  // 4.1.2, 2.4.4 names of what can be pressed; 3.3.2 labels of what can be filled in
  for (const e of all("a[href],button,summary")) if (shown(e) && !(wording(e) || e.getAttribute("aria-label"))) found.push(`${name(e)} has no name`);
  for (const e of all("input:not([type=hidden]):not([aria-hidden=true]),select,textarea")) {
    if (!e.labels.length && !e.getAttribute("aria-label")) found.push(`${name(e)} has no label`);
  }
  for (const e of all("[aria-hidden=true]")) if (e.matches("a[href],button,input,select,textarea") && e.tabIndex >= 0) found.push(`${name(e)} is hidden, but the tab key stops there`);
  const ids = all("[id]").map(e => e.id);
  ids.forEach((id, i) => { if (ids.indexOf(id) !== i) found.push(`two elements have the id ${id}`); });
  for (const attribute of ["for", "aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const e of all(`[${attribute}]`)) {
      for (const id of e.getAttribute(attribute).split(" ")) if (!ids.includes(id)) found.push(`${name(e)}: ${attribute} names ${id}, which is not there`);
    }
  }
  for (const e of all("a[href^='#']")) if (!ids.includes(e.hash.slice(1))) found.push(`${name(e)} leads to ${e.hash}, which is not there`);

  // 2.5.8 targets of 24 by 24 px at least, but for links within a sentence. A box's label is pressed with it.
  for (const e of all("a[href],button,summary,input:not([type=hidden]),select,textarea")) {
    if (!shown(e)) continue;
    const sentence = e.tagName === "A" && style(e).display === "inline" && (e.closest("p,li,dd,td")?.innerText ?? e.innerText ?? "").trim() !== wording(e);
    const r = (["checkbox", "radio"].includes(e.type) && e.closest("label") || e).getBoundingClientRect();
    if (!sentence && (r.width < 24 || r.height < 24)) found.push(`${name(e)} is ${r.width.toFixed()} by ${r.height.toFixed()} px`);
  }

  // 1.4.3 contrast of 4.5:1, large text included
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = e => {
    if (!e) return [255, 255, 255, 1];
    const c = rgba(style(e).backgroundColor);
    return c[3] === 1 ? c : over(c, ground(e.parentElement));
  };
  const luminance = c => {
    const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const judged = new Set();
  for (let n; (n = texts.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || judged.has(e) || !shown(e) || e.closest("[disabled]")) continue;
    judged.add(e);
    const back = ground(e);
    const [light, dark] = [luminance(over(rgba(style(e).color), back)), luminance(back)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) found.push(`${name(e)} has a contrast of ${ratio.toFixed(1)}:1`);
    // Ours: nobody should need glasses for the small print.
    if (parseFloat(style(e).fontSize) < 14) found.push(`${name(e)} is set in ${style(e).fontSize}`);
    // Ours: a message that is in no catalogue shows its key.
    if (/^[a-z]+(\.[a-zA-Z_0-9]+)+$/.test(n.data.trim())) found.push(`no words for ${n.data.trim()}`);
  }
  return found;
}

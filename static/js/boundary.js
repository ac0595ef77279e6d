// Draws a plot's boundary: tap corners, drag them, undo, or walk around with the phone. The textarea holds the
// boundary, a line for each corner, so that the form works without this script, and so that what is drawn or
// walked is kept on the phone like all that is typed. No map is needed; one is shown if the operator has set it.
"use strict";
(() => {
  const host = document.getElementById("draw");
  const area = document.querySelector('textarea[name="boundary"]');
  if (!host || !area || !window.PointerEvent) return;
  const words = host.dataset;
  const space = "http://www.w3.org/2000/svg";
  const node = (name, attributes, parent) => {
    const n = document.createElementNS(space, name);
    for (const k in attributes) n.setAttribute(k, attributes[k]);
    if (parent) parent.append(n);
    return n;
  };
  const read = () => {
    const points = [];
    for (const line of area.value.split("\n")) {
      if (!line.trim()) continue;
      const two = line.includes(".") ? line.replaceAll(",", " ") : line.replaceAll(",", ".");
      const found = two.match(/[-+]?\d+(\.\d+)?/g);
      if (!found || found.length !== 2 || line.includes("{")) return null;
      points.push([+found[0], +found[1]]);
    }
    return points;
  };
  let points = read();
  if (points === null) return; // of several parts: shown and changed as text
  const past = [];
  const write = () => {
    area.value = points.map(p => p[0].toFixed(6) + ", " + p[1].toFixed(6)).join("\n");
    area.dispatchEvent(new Event("input", {bubbles: true}));
  };
  const remember = () => { past.push(points.map(p => [...p])); if (past.length > 200) past.shift(); };

  // The picture is Web Mercator: 256 × 2^zoom units around the world.
  const svg = node("svg", {role: "application", "aria-label": words.label});
  const tiles = node("g", {}, svg), grid = node("g", {}, svg), shape = node("polygon", {}, svg), marks = node("g", {}, svg), rule = node("g", {}, svg);
  const size = () => ({w: svg.clientWidth || 320, h: svg.clientHeight || 320});
  const world = zoom => 256 * 2 ** zoom;
  const flat = (p, zoom) => {
    const s = Math.sin(p[0] * Math.PI / 180);
    return [(p[1] + 180) / 360 * world(zoom), (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * world(zoom)];
  };
  const round = (x, y, zoom) => [
    Math.atan(Math.sinh(Math.PI * (1 - 2 * y / world(zoom)))) * 180 / Math.PI, x / world(zoom) * 360 - 180];
  const start = words.near ? words.near.split(",").map(Number) : [14.5, 108];
  let zoom = words.near ? 16 : 6;
  let centre = start;
  const fit = () => {
    if (points.length === 0) return;
    const lats = points.map(p => p[0]), lons = points.map(p => p[1]);
    centre = [(Math.min(...lats) + Math.max(...lats)) / 2, (Math.min(...lons) + Math.max(...lons)) / 2];
    zoom = 18;
    const {w, h} = size();
    while (zoom > 3) {
      const a = flat([Math.max(...lats), Math.min(...lons)], zoom), b = flat([Math.min(...lats), Math.max(...lons)], zoom);
      if (b[0] - a[0] < w * 0.75 && b[1] - a[1] < h * 0.75) break;
      zoom -= 0.5;
    }
  };
  const toScreen = p => {
    const c = flat(centre, zoom), q = flat(p, zoom), {w, h} = size();
    return [q[0] - c[0] + w / 2, q[1] - c[1] + h / 2];
  };
  const toWorld = (x, y) => {
    const c = flat(centre, zoom), {w, h} = size();
    return round(c[0] + x - w / 2, c[1] + y - h / 2, zoom);
  };

  // Areas as the server computes them, near enough to be shown while drawing.
  const lengths = lat => {
    const s = Math.sin(lat * Math.PI / 180) ** 2, e = 0.00669437999014, n = 6378137 / Math.sqrt(1 - e * s);
    return [Math.PI / 180 * n * (1 - e) / (1 - e * s), Math.PI / 180 * n * Math.cos(lat * Math.PI / 180)];
  };
  const metres = (a, b) => {
    const [north, east] = lengths((a[0] + b[0]) / 2);
    return Math.hypot((a[0] - b[0]) * north, (a[1] - b[1]) * east);
  };
  const hectares = () => {
    if (points.length < 3) return 0;
    const [north, east] = lengths(points.reduce((n, p) => n + p[0], 0) / points.length);
    let sum = 0;
    points.forEach((p, i) => {
      const q = points[(i + 1) % points.length];
      sum += (p[1] - points[0][1]) * (q[0] - points[0][0]) - (q[1] - points[0][1]) * (p[0] - points[0][0]);
    });
    return Math.abs(sum) * north * east / 20000;
  };
  const side = (a, b, p) => (b[1] - a[1]) * (p[0] - a[0]) - (b[0] - a[0]) * (p[1] - a[1]);
  const crosses = () => {
    const n = points.length;
    for (let i = 0; i < n; i++) for (let j = i + 2; j < n; j++) {
      if (i === 0 && j === n - 1) continue;
      const [a, b, c, d] = [points[i], points[i + 1], points[j], points[(j + 1) % n]];
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
    return false;
  };

  const lang = document.documentElement.lang;
  const figure = (n, digits) => n.toLocaleString(lang, {maximumFractionDigits: digits});
  const say = (key, ...args) => args.reduce((text, a, i) => text.replaceAll("{" + i + "}", a), words[key]);
  const note = document.createElement("p");
  note.setAttribute("role", "status");
  const gps = document.createElement("p");
  gps.setAttribute("role", "status");
  let me = null;
  const draw = () => {
    const {w, h} = size();
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    for (const g of [tiles, grid, marks, rule]) g.replaceChildren();
    if (words.tiles) {
      const z = Math.min(19, Math.round(zoom)), scale = 2 ** (zoom - z), c = flat(centre, z), step = 256 * scale;
      const west = Math.floor((c[0] - w / 2 / scale) / 256), north = Math.floor((c[1] - h / 2 / scale) / 256);
      for (let x = west; (x * 256 - c[0]) * scale + w / 2 < w; x++) for (let y = north; (y * 256 - c[1]) * scale + h / 2 < h; y++) {
        if (y < 0 || y >= 2 ** z) continue;
        const href = words.tiles.replace("{z}", z).replace("{x}", ((x % 2 ** z) + 2 ** z) % 2 ** z).replace("{y}", y);
        node("image", {href, x: (x * 256 - c[0]) * scale + w / 2, y: (y * 256 - c[1]) * scale + h / 2, width: step + 0.5, height: step + 0.5}, tiles);
      }
    } else {
      for (let x = w / 2 % 40; x < w; x += 40) node("path", {class: "grid", d: `M${x} 0V${h}`}, grid);
      for (let y = h / 2 % 40; y < h; y += 40) node("path", {class: "grid", d: `M0 ${y}H${w}`}, grid);
    }
    shape.setAttribute("points", points.map(p => toScreen(p).map(n => n.toFixed(1)).join(",")).join(" "));
    const wrong = crosses();
    shape.setAttribute("class", wrong ? "bad" : "");
    points.forEach((p, i) => {
      const [x, y] = toScreen(p);
      node("circle", {cx: x, cy: y, r: points.length > 40 ? 4 : 9, "data-corner": i}, marks);
    });
    if (me) {
      const [x, y] = toScreen(me);
      node("circle", {class: "me", cx: x, cy: y, r: 8}, marks);
    }
    const per = metres(toWorld(0, h / 2), toWorld(100, h / 2)) / 100;
    let length = 10 ** Math.floor(Math.log10(per * w * 0.4));
    if (length * 2 <= per * w * 0.4) length *= 2;
    node("path", {class: "scale", d: `M10 ${h - 12}h${length / per}`}, rule);
    node("text", {x: 18 + length / per, y: h - 7}, rule).textContent = length >= 1000 ? length / 1000 + " km" : length + " m";
    note.className = wrong ? "wrong" : "";
    if (wrong) note.textContent = words.crosses;
    else if (points.length < 3) note.textContent = say("corners", points.length);
    else {
      const ha = hectares();
      const declared = Number((document.querySelector('input[name="areaHa"]')?.value ?? "").trim().replace(/\.(?=\d{3}(\D|$))/g, "").replace(",", "."));
      let text = say("measured", figure(ha, ha < 1 ? 3 : 2));
      if (declared > 0) {
        const off = (declared / ha - 1) * 100;
        text += " " + say("compared", figure(declared, 3), (off > 0 ? "+" : "") + figure(off, 0));
        if (Math.abs(off) > Number(words.tolerance)) note.className = "wrong";
      }
      note.textContent = text;
    }
  };

  // A new corner goes to the side that it lengthens least; while there are less than three, to the end.
  const add = p => {
    remember();
    let at = points.length;
    if (points.length >= 3) {
      let best = Infinity;
      points.forEach((a, i) => {
        const b = points[(i + 1) % points.length], more = metres(a, p) + metres(p, b) - metres(a, b);
        if (more < best - 1e-9) { best = more; at = i + 1; }
      });
    }
    points.splice(at, 0, p);
    write();
    draw();
  };
  const fingers = new Map();
  let held = null, moved = false, apart = 0;
  const spot = e => {
    const box = svg.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  };
  svg.addEventListener("pointerdown", e => {
    svg.setPointerCapture(e.pointerId);
    fingers.set(e.pointerId, spot(e));
    if (fingers.size === 1) {
      moved = false;
      const at = spot(e);
      held = null;
      let near = 22; // as large as a finger
      points.forEach((p, i) => {
        const [x, y] = toScreen(p), d = Math.hypot(x - at[0], y - at[1]);
        if (d < near) { near = d; held = i; }
      });
      if (held !== null) remember();
    } else {
      held = null;
      moved = true;
      const [a, b] = [...fingers.values()];
      apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
    }
  });
  svg.addEventListener("pointermove", e => {
    const before = fingers.get(e.pointerId);
    if (!before) return;
    const now = spot(e);
    if (!moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 6) return;
    moved = true;
    fingers.set(e.pointerId, now);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()], d = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (apart > 0 && d > 0) zoom = Math.max(3, Math.min(21, zoom + Math.log2(d / apart)));
      apart = d;
    } else if (held !== null) points[held] = toWorld(...now);
    else {
      const {w, h} = size();
      centre = toWorld(w / 2 - now[0] + before[0], h / 2 - now[1] + before[1]);
    }
    draw();
  });
  const up = e => {
    if (!fingers.delete(e.pointerId) || fingers.size > 0) return;
    if (held !== null && moved) write();
    else if (!moved && e.type === "pointerup" && held === null) add(toWorld(...spot(e)));
    held = null;
  };
  svg.addEventListener("pointerup", up);
  svg.addEventListener("pointercancel", up);

  const row = document.createElement("div");
  row.className = "row";
  const button = (key, press) => {
    const b = document.createElement("button");
    b.type = "button";
    b.className = "second";
    b.textContent = words[key];
    b.addEventListener("click", press);
    row.append(b);
    return b;
  };
  button("in", () => { zoom = Math.min(21, zoom + 1); draw(); });
  button("out", () => { zoom = Math.max(3, zoom - 1); draw(); });
  button("undo", () => {
    if (past.length === 0) return;
    points = past.pop();
    write();
    draw();
  });
  button("clear", () => { remember(); points = []; write(); draw(); });
  if (navigator.geolocation && window.isSecureContext) {
    let watch = null, ignored = 0;
    const walk = button("walk", () => {
      if (watch !== null) {
        navigator.geolocation.clearWatch(watch);
        watch = null;
        walk.textContent = words.walk;
        gps.textContent = "";
        fit();
        draw();
        return;
      }
      remember();
      points = [];
      ignored = 0;
      walk.textContent = words.stop;
      gps.textContent = words.wait;
      const most = Number(words.accuracy);
      watch = navigator.geolocation.watchPosition(at => {
        const p = [at.coords.latitude, at.coords.longitude], off = at.coords.accuracy;
        me = p;
        centre = p;
        if (zoom < 17) zoom = 18;
        if (off > most) ignored++;
        else if (points.length === 0 || metres(points[points.length - 1], p) >= Math.max(3, off / 3)) {
          points.push(p);
          write();
        }
        gps.textContent = say("accurate", figure(off, 0), points.length, ignored, most);
        draw();
      }, () => {
        gps.textContent = words.denied;
      }, {enableHighAccuracy: true, maximumAge: 0, timeout: 60000});
    });
  }
  host.append(svg, row, note, gps);
  if (words.attribution) {
    const credit = document.createElement("p");
    credit.className = "hint";
    credit.textContent = words.attribution;
    host.append(credit);
  }
  host.hidden = false;
  area.addEventListener("change", () => {
    const typed = read();
    if (typed) { points = typed; fit(); draw(); }
  });
  document.querySelector('input[name="areaHa"]')?.addEventListener("input", draw);
  window.addEventListener("resize", draw);
  fit();
  draw();
})();

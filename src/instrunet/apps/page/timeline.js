"use strict";
const $ = (id) => document.getElementById(id);
const sound = $("sound"), plot = $("plot"), names = $("names"), cursor = $("cursor");
const GAP = 8, WAVE = 64, MEL = 110, LANE = 34, AXIS = 24;
const first = DATA.start, last = DATA.start + DATA.duration;
const view = { from: first, to: last };

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const low = new Int8Array(bytes(DATA.low).buffer), high = new Int8Array(bytes(DATA.high).buffer);
const lanes = DATA.lanes.map((lane) => ({ ...lane, curve: bytes(lane.activity) }));
const height = WAVE + GAP + MEL + GAP + lanes.length * LANE + AXIS;

const dark = DATA.theme === "dark" || (DATA.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.dataset.theme = dark ? "dark" : "light";
try {  // the colour behind this picture, so that it has no edge
  const app = parent.document.querySelector("[data-testid=stApp]") || parent.document.body;
  const back = getComputedStyle(app).backgroundColor;
  if (!/, 0\)$/.test(back)) document.documentElement.style.setProperty("--back", back);
} catch { /* another origin: our own background */ }
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const clock = (s) => {
  const whole = Math.max(0, Math.floor(s)), m = Math.floor(whole / 60) % 60, h = Math.floor(whole / 3600);
  return (h ? h + ":" + String(m).padStart(2, "0") : m) + ":" + String(whole % 60).padStart(2, "0");
};

// From dark blue over grey to yellow: even in lightness for all eyes.
const STOPS = [[0, 18, 50], [20, 52, 105], [68, 82, 110], [105, 110, 116], [140, 138, 120], [184, 170, 110], [255, 232, 90]];
function spectrogram() {
  const mel = bytes(DATA.mel), sheet = document.createElement("canvas");
  sheet.width = DATA.columns; sheet.height = DATA.bands;
  const pen = sheet.getContext("2d"), image = pen.createImageData(sheet.width, sheet.height);
  for (let row = 0; row < DATA.bands; row++) for (let x = 0; x < DATA.columns; x++) {
    const at = mel[row * DATA.columns + x] / 255 * (STOPS.length - 1), i = Math.min(STOPS.length - 2, Math.floor(at));
    const to = ((DATA.bands - 1 - row) * DATA.columns + x) * 4;
    for (let c = 0; c < 3; c++) image.data[to + c] = STOPS[i][c] + (at - i) * (STOPS[i + 1][c] - STOPS[i][c]);
    image.data[to + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return sheet;
}
const sheet = spectrogram();

let width = 0, pen = null;
const x_of = (t) => (t - view.from) / (view.to - view.from) * width;
const t_of = (x) => view.from + x / width * (view.to - view.from);
const index = (t, n) => (t - first) / (last - first) * n;

function resize() {
  const sharp = window.devicePixelRatio || 1;
  width = $("hold").clientWidth;
  plot.width = Math.max(1, Math.round(width * sharp)); plot.height = Math.round(height * sharp);
  plot.style.height = height + "px"; names.style.height = height + "px";
  pen = plot.getContext("2d");
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  draw();
}

function draw() {
  pen.clearRect(0, 0, width, height);
  drawWave(0); drawMel(WAVE + GAP);
  lanes.forEach((lane, i) => drawLane(lane, WAVE + MEL + 2 * GAP + i * LANE));
  drawAxis(height - AXIS);
  move();
}

function drawWave(top) {
  const middle = top + WAVE / 2, scale = (WAVE / 2 - 2) / (DATA.peak * 127), n = low.length;
  pen.fillStyle = colour("--lane"); pen.fillRect(0, top, width, WAVE);
  pen.fillStyle = colour("--ink");
  for (let x = 0; x < width; x++) {
    const a = Math.max(0, Math.floor(index(t_of(x), n))), b = Math.min(n, Math.max(a + 1, Math.ceil(index(t_of(x + 1), n))));
    let up = 0, down = 0;
    for (let i = a; i < b; i++) { up = Math.max(up, high[i]); down = Math.max(down, low[i]); }
    pen.fillRect(x, middle - up * scale, 1, Math.max(1, (up + down) * scale));
  }
}

function drawMel(top) {
  const a = index(view.from, DATA.columns), b = index(view.to, DATA.columns);
  pen.imageSmoothingEnabled = b - a > width;
  pen.drawImage(sheet, a, 0, Math.max(1e-3, b - a), DATA.bands, 0, top, width, MEL);
}

function drawLane(lane, top) {
  const n = lane.curve.length, on = colour("--on");
  pen.fillStyle = colour("--lane"); pen.fillRect(0, top + 2, width, LANE - 4);
  for (let x = 0; x < width; x++) {
    const a = Math.max(0, Math.floor(index(t_of(x), n))), b = Math.min(n, Math.max(a + 1, Math.floor(index(t_of(x + 1), n))));
    let most = 0;
    for (let i = a; i < b; i++) most = Math.max(most, lane.curve[i]);
    if (most > 3) { pen.fillStyle = `rgba(${on},${(most / 255).toFixed(3)})`; pen.fillRect(x, top + 2, 1, LANE - 4); }
  }
  pen.strokeStyle = colour("--ink"); pen.lineWidth = 1.5;
  for (const [from, to] of lane.ranges) {
    const a = Math.max(-4, x_of(from)), b = Math.min(width + 4, x_of(to));
    if (b > a) pen.strokeRect(a + 0.75, top + 2.75, Math.max(1, b - a - 1.5), LANE - 5.5);
  }
}

function drawAxis(top) {
  const span = view.to - view.from, least = span / Math.max(2, width / 76);
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600].find((s) => s >= least) || 7200;
  pen.fillStyle = colour("--soft"); pen.font = "12px system-ui,sans-serif"; pen.textBaseline = "top";
  for (let k = Math.ceil(view.from / step); k * step <= view.to + 1e-9; k++) {
    const x = x_of(k * step), text = step < 1 ? (k * step).toFixed(1) + " s" : clock(k * step + 1e-6);
    pen.fillRect(Math.min(width - 1, x), top, 1, 5);
    pen.textAlign = x < 16 ? "left" : x > width - 20 ? "right" : "center";
    pen.fillText(text, Math.min(width, Math.max(0, x)), top + 8);
  }
}

const now = () => first + sound.currentTime;
function move() {
  const t = now(), x = x_of(t);
  cursor.style.left = x + "px"; cursor.style.height = height - AXIS + "px";
  cursor.style.display = x < 0 || x > width ? "none" : "";
  $("clock").textContent = clock(t) + " / " + clock(last);
  plot.setAttribute("aria-valuenow", t.toFixed(1));
  plot.setAttribute("aria-valuetext", clock(t) + " of " + clock(last) + "; " + playing(t));
}
function playing(t) {
  const here = lanes.filter((lane) => lane.ranges.some(([a, b]) => a <= t && t <= b)).map((lane) => lane.name);
  return here.length ? here.join(", ") : "no instrument";
}
function seek(t) {
  sound.currentTime = Math.min(DATA.duration, Math.max(0, t - first));
  follow(); move();
}
function follow() {
  const t = now(), span = view.to - view.from;
  if (t < view.from || t > view.to) look(t - span * 0.1, t + span * 0.9);
}
function look(from, to) {
  const span = Math.min(last - first, Math.max(0.5, to - from));
  view.from = Math.min(last - span, Math.max(first, from)); view.to = view.from + span;
  draw();
}
function zoom(factor, around) {
  const t = around === undefined ? Math.min(view.to, Math.max(view.from, now())) : around;
  look(t - (t - view.from) * factor, t + (view.to - t) * factor);
}
function tick() { move(); if (!sound.paused) { follow(); requestAnimationFrame(tick); } }
function toggle() { if (sound.paused) sound.play().catch(() => {}); else sound.pause(); }

$("play").onclick = toggle; $("in").onclick = () => zoom(0.5); $("out").onclick = () => zoom(2); $("fit").onclick = () => look(first, last);
sound.onplay = () => { $("play").textContent = "Pause"; $("play").setAttribute("aria-label", "Pause"); tick(); };
sound.onpause = () => { $("play").textContent = "Play"; $("play").setAttribute("aria-label", "Play"); };
sound.onerror = () => { $("trouble").textContent = "This browser cannot play the recording; the picture is right all the same."; };

let grabbed = null;
plot.onpointerdown = (e) => { grabbed = { x: e.offsetX, from: view.from, moved: false }; if (e.pointerType === "mouse") plot.setPointerCapture(e.pointerId); };
plot.onpointermove = (e) => {
  if (!grabbed || (!grabbed.moved && Math.abs(e.offsetX - grabbed.x) < 6)) return;
  grabbed.moved = true;
  const span = view.to - view.from, from = grabbed.from - (e.offsetX - grabbed.x) / width * span;
  look(from, from + span);
};
plot.onpointerup = (e) => { if (grabbed && !grabbed.moved) seek(t_of(e.offsetX)); grabbed = null; };
plot.onpointercancel = () => { grabbed = null; };
plot.addEventListener("wheel", (e) => {
  if (!e.ctrlKey && !e.metaKey) return;
  e.preventDefault(); zoom(e.deltaY < 0 ? 0.8 : 1.25, t_of(e.offsetX));
}, { passive: false });
document.addEventListener("keydown", (e) => {
  if (e.target.tagName === "BUTTON" && (e.key === " " || e.key === "Enter")) return;
  const acts = {
    " ": toggle, ArrowLeft: () => seek(now() - (e.shiftKey ? 10 : 2)), ArrowRight: () => seek(now() + (e.shiftKey ? 10 : 2)),
    Home: () => seek(first), End: () => seek(last), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => look(first, last),
  };
  if (acts[e.key]) { e.preventDefault(); acts[e.key](); }
});

function label() {
  const add = (text, top, tall, off, more) => {
    const row = document.createElement("div");
    row.style.top = top + (tall - 18) / 2 + "px"; row.textContent = text; row.title = text;
    if (off) row.className = "off";
    if (more) { const small = document.createElement("small"); small.textContent = more; row.append(small); }
    names.append(row);
  };
  add("waveform", 0, WAVE, true); add(innerWidth < 560 ? "spectrogram" : "mel spectrogram", WAVE + GAP, MEL, true);
  lanes.forEach((lane, i) => add(lane.name, WAVE + MEL + 2 * GAP + i * LANE, LANE, !lane.detected, lane.confidence.toFixed(2)));
}
label();
$("heading").textContent = "Timeline of " + DATA.title;
$("told").textContent = lanes.filter((l) => l.detected).map((l) => l.name + ": " + l.ranges.map(([a, b]) => clock(a) + " to " + clock(b)).join(", ")).join(". ");
plot.setAttribute("aria-valuemax", last.toFixed(1));
sound.src = DATA.audio;
window.timeline = { view, seek, now };
new ResizeObserver(resize).observe($("hold"));

// What a server cannot do: read a curve under the pointer, choose steps by dragging, and follow a run that goes on.
// All content is made by the server; without this file the pages say the same.
"use strict";

document.documentElement.classList.add("js");

const SVG = "http://www.w3.org/2000/svg";

function make(parent, name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.appendChild(node);
  return node;
}

const numbers = (text) => (text ? text.split(" ").map((t) => (t === "-" ? NaN : Number(t))) : []);

function show(v, percent) {
  if (Number.isNaN(v)) return "–";
  const size = Math.abs(v);
  if (percent) return (size > 0 && size < 0.0095 ? String(Number((100 * v).toPrecision(2))) : (100 * v).toFixed(1)) + " %";
  if (size < 1e6 && (Number.isInteger(v) || size >= 1000)) return Math.round(v).toLocaleString("en");
  if (size >= 1e6 || size < 1e-3) return v.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return size >= 100 ? v.toFixed(1) : String(Number(v.toPrecision(3)));
}

// A chart knows its scale from the attributes of its picture, and its values from those of its lines.
class Chart {
  constructor(figure) {
    this.figure = figure;
    this.svg = figure.querySelector("svg");
    const d = this.svg.dataset;
    for (const key of ["left", "right", "top", "bottom", "x0", "x1", "y0", "y1"]) this[key] = Number(d[key]);
    this.percent = d.percent === "1";
    this.log = d.log === "1";
    this.xname = d.xname;
    this.width = this.svg.viewBox.baseVal.width;
    this.legend = [...figure.querySelectorAll(".legend b")];
    this.resting = this.legend.map((b) => b.textContent);
    this.lines = [...this.svg.querySelectorAll("g.line")].map((g) => ({
      g, dots: g.classList.contains("dots"), xs: numbers(g.dataset.x), ys: numbers(g.dataset.y), low: numbers(g.dataset.low), high: numbers(g.dataset.high),
    }));
    this.layer = make(this.svg, "g", {});
    this.listen();
  }

  x(v) {
    const part = this.log ? Math.log2(v / this.x0) / Math.log2(this.x1 / this.x0) : (v - this.x0) / (this.x1 - this.x0);
    return this.left + (this.right - this.left) * part;
  }

  y(v) { return this.bottom - ((this.bottom - this.top) * (v - this.y0)) / (this.y1 - this.y0); }

  // at turns a place on the screen into a value of the axis.
  at(event) {
    const box = this.svg.getBoundingClientRect();
    const px = ((event.clientX - box.left) / box.width) * this.width;
    const part = Math.min(1, Math.max(0, (px - this.left) / (this.right - this.left)));
    return this.log ? this.x0 * Math.pow(this.x1 / this.x0, part) : this.x0 + part * (this.x1 - this.x0);
  }

  // steps are all places where some line has a value.
  steps() {
    this.known = this.known || [...new Set(this.lines.flatMap((l) => l.xs))].sort((a, b) => a - b);
    return this.known;
  }

  nearest(v) {
    return this.steps().reduce((best, s) => (Math.abs(s - v) < Math.abs(best - v) ? s : best), this.steps()[0]);
  }

  // point shows the values at a step; of curves that have none there, the last one before it.
  point(step) {
    this.layer.replaceChildren();
    const px = this.x(step);
    if (px < this.left - 1 || px > this.right + 1) return;
    make(this.layer, "path", { class: "cross", d: `M${px} ${this.top}V${this.bottom}` });
    this.lines.forEach((line, i) => {
      let at = -1;
      line.xs.forEach((x, j) => { if (line.dots ? x === step : x <= step) at = j; });
      const v = at < 0 ? NaN : line.ys[at];
      let text = show(v, this.percent);
      if (at >= 0 && line.low.length && !Number.isNaN(line.low[at])) text += ` (${show(line.low[at], this.percent)} – ${show(line.high[at], this.percent)})`;
      if (this.legend[i]) this.legend[i].textContent = text;
      if (!Number.isNaN(v)) make(this.layer, "circle", { class: "spot " + line.g.classList[1], cx: this.x(line.xs[at]), cy: this.y(v), r: 3.6 });
    });
    const end = px > (this.left + this.right) / 2;
    const label = make(this.layer, "text", { class: "cross-at", x: px, y: this.bottom - 6, dx: end ? -6 : 6, "text-anchor": end ? "end" : "start" });
    label.textContent = `${this.xname} ${show(step, false)}`;
    this.shown = step;
  }

  leave() {
    this.layer.replaceChildren();
    this.legend.forEach((b, i) => { b.textContent = this.resting[i]; });
    this.shown = undefined;
    setTimeout(catchUp);
  }

  listen() {
    let from = null;
    const siblings = () => (this.xname === "step" ? charts.filter((c) => c.xname === "step") : [this]);
    this.svg.addEventListener("pointermove", (event) => {
      const step = this.nearest(this.at(event));
      if (step === undefined) return;
      siblings().forEach((c) => c.point(step));
      if (from !== null) {
        const [a, b] = [this.x(from), this.x(this.at(event))];
        make(this.layer, "rect", { class: "span", x: Math.min(a, b), y: this.top, width: Math.abs(a - b), height: this.bottom - this.top });
      }
    });
    this.svg.addEventListener("pointerleave", () => { if (from === null) siblings().forEach((c) => c.leave()); });
    this.svg.addEventListener("blur", () => siblings().forEach((c) => c.leave()));
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || this.xname !== "step") return;
      from = this.at(event);
      this.svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    this.svg.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const [a, b] = [from, this.at(event)].sort((x, y) => x - y);
      from = null;
      if (Math.abs(this.x(a) - this.x(b)) > 8) zoom(Math.round(a), Math.round(b));
    });
    this.svg.addEventListener("dblclick", () => { if (this.xname === "step") zoom(null, null); });
    this.svg.addEventListener("keydown", (event) => {
      const steps = this.steps();
      const i = steps.indexOf(this.shown);
      const to = { ArrowRight: i + 1, ArrowLeft: i < 0 ? steps.length - 1 : i - 1, Home: 0, End: steps.length - 1 }[event.key];
      if (to === undefined || to < 0 || to >= steps.length) return;
      event.preventDefault();
      siblings().forEach((c) => c.point(steps[to]));
    });
  }
}

let charts = [];

function zoom(from, to) {
  const url = new URL(location.href);
  for (const [key, value] of [["from", from], ["to", to]]) {
    if (value === null) url.searchParams.delete(key);
    else url.searchParams.set(key, value);
  }
  go(url, true);
}

// Heat maps: the row and the column under the pointer, in words.
function heat(figure) {
  const out = figure.querySelector(".readout");
  const steps = figure.dataset.steps.split(" ");
  figure.querySelector("svg").addEventListener("pointermove", (event) => {
    const row = event.target.closest && event.target.closest("g[data-loads]");
    if (!row || event.target.tagName !== "rect") return;
    const i = [...row.querySelectorAll("rect")].indexOf(event.target);
    out.textContent = `step ${steps[i]}, expert ${row.dataset.expert}: ${row.dataset.loads.split(" ")[i]}× the even share`;
  });
}

// Tokens: what is known of the one under the pointer, under a finger, or reached by the arrow keys.
function tokens(strip) {
  const out = document.getElementById("token");
  const cells = [...strip.querySelectorAll("span")];
  let at = -1;
  const show = (i) => {
    if (i < 0 || i >= cells.length) return;
    if (cells[at]) cells[at].classList.remove("at");
    at = i;
    cells[at].classList.add("at");
    out.textContent = cells[at].title;
  };
  for (const kind of ["pointerover", "click"]) strip.addEventListener(kind, (event) => show(cells.indexOf(event.target)));
  strip.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: cells.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
    cells[at]?.scrollIntoView({ block: "nearest" });
  });
}

function start() {
  document.querySelectorAll("pre.tokens").forEach(tokens);
  charts = [...document.querySelectorAll("figure.chart")].filter((f) => f.querySelector("svg")).map((f) => new Chart(f));
  document.querySelectorAll("figure.heat").forEach(heat);
  document.querySelectorAll(".toolbar select").forEach((s) => s.addEventListener("change", () => s.form.requestSubmit()));
}

// go replaces the content of the page by a fresh copy from the server, keeping what is open and where one reads.
let asking = null;
async function go(url, remember) {
  if (asking) asking.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(url, { signal: asking.signal });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const open = [...document.querySelectorAll("main details")].map((d) => d.open);
    const chart = document.activeElement && document.activeElement.closest("figure.chart");
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    document.querySelectorAll("main details").forEach((d, i) => { if (open[i] !== undefined) d.open = open[i]; });
    const status = document.getElementById("status");
    if (status && fresh.getElementById("status")) status.replaceWith(fresh.getElementById("status"));
    if (remember) history.pushState(null, "", url);
    start();
    if (chart) document.querySelector(`#${CSS.escape(chart.id)} svg`)?.focus();
  } catch (error) {
    if (error.name !== "AbortError") live.textContent = "no answer from rltrain web";
  }
}

addEventListener("popstate", () => go(new URL(location.href), false));

const live = document.getElementById("live");

// behind: the run has moved on since the page was made. It waits while somebody reads values or fills in a form.
let behind = false;
function catchUp() {
  const editing = document.activeElement && document.activeElement.matches("input, select");
  if (!behind || editing || charts.some((c) => c.shown !== undefined)) return;
  behind = false;
  go(new URL(location.href), false);
}
addEventListener("focusout", () => setTimeout(catchUp));

function follow(address) {
  const events = new EventSource(address);
  const say = (data) => {
    const running = data.includes("/running");
    live.classList.toggle("on", running);
    live.textContent = running ? "live" : "";
  };
  events.addEventListener("at", (event) => say(event.data));
  events.addEventListener("moved", (event) => {
    say(event.data);
    behind = true;
    catchUp();
  });
  events.addEventListener("error", () => {
    live.classList.remove("on");
    live.textContent = events.readyState === EventSource.CLOSED ? "not live" : "reconnecting…";
  });
}

start();
if (document.body.dataset.events) follow(document.body.dataset.events);

// "/" goes to the search, j and k along a list.
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const rows = [...document.querySelectorAll(".rollouts .row, .siblings a")];
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
  } else if ((event.key === "j" || event.key === "k") && rows.length) {
    const i = rows.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
    rows[Math.min(rows.length - 1, Math.max(0, i))].focus();
  }
});

"use strict";
// Draws the course of a signal with uPlot in place of the drawing of the server: a part of it is zoomed by dragging.

const share = (value) => (value == null ? "–" : (value * 100).toFixed(1).replace(/\.0$/, "") + " %");

function moments(plot, splits, axis, space, step) {
  const shown = step < 86400 ? { hour: "2-digit", minute: "2-digit", hour12: false } : { day: "numeric", month: "short" };
  if (step < 60) shown.second = "2-digit";
  return splits.map((at) => new Date(at * 1000).toLocaleString([], shown));
}

function draw(figure, width) {
  const course = JSON.parse(figure.dataset.course);
  const style = getComputedStyle(figure);
  const color = (name) => style.getPropertyValue(name).trim();
  const steps = uPlot.paths.stepped({ align: 1 });
  const noise = course.noise == null ? [] : [{ label: "reference from itself", fill: color("--band"), value: (_, value) => share(value) }];
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line") } };
  const plot = new uPlot(
    {
      width,
      height: 190,
      cursor: { drag: { x: true, y: false } },
      scales: { y: { range: [0, course.top] } },
      axes: [{ ...axis, values: moments }, { ...axis, size: 54, values: (_, splits) => splits.map(share) }],
      series: [
        { label: "time", value: (_, at) => (at == null ? "–" : new Date(at * 1000).toLocaleString([], { hour12: false })) },
        ...noise.map((each) => ({ ...each, points: { show: false } })),
        { label: "pairs that differ", stroke: color(figure.dataset.color), width: 2, paths: steps, points: { show: false }, value: (_, value) => share(value) },
        { label: "of pairs", scale: "pairs", paths: () => null, points: { show: false } },
      ],
      hooks: {
        draw: [(drawn) => mark(drawn, course, color)],
        setScale: [(drawn, key) => key === "x" && whole(figure, drawn, course)],
      },
    },
    [course.at, ...noise.map(() => course.at.map(() => course.noise)), course.share, course.pairs],
    figure.querySelector(".zoomed"),
  );
  figure.classList.add("drawn");
  return plot;
}

function whole(figure, plot, course) {
  const { min, max } = plot.scales.x;
  figure.querySelector(".zoom-out").hidden = min <= course.at[0] && max >= course.at[course.at.length - 1];
}

function mark(plot, course, color) {
  const context = plot.ctx;
  const lines = course.flags.map((at) => [at, color("--reference"), []]);
  if (course.since != null) lines.push([course.since, color("--differ"), [5, 4]]);
  for (const [at, stroke, dashes] of lines) {
    if (at < plot.scales.x.min || at > plot.scales.x.max) continue;
    const place = plot.valToPos(at, "x", true);
    context.save();
    context.strokeStyle = stroke;
    context.lineWidth = 1.5 * devicePixelRatio;
    context.setLineDash(dashes.map((length) => length * devicePixelRatio));
    context.beginPath();
    context.moveTo(place, plot.bbox.top);
    context.lineTo(place, plot.bbox.top + plot.bbox.height);
    context.stroke();
    context.restore();
  }
}

function zoomable(figure) {
  const width = () => figure.querySelector(".zoomed").clientWidth;
  let plot = draw(figure, width());
  figure.querySelector(".zoom-out").addEventListener("click", () => {
    const at = plot.data[0];
    plot.setScale("x", { min: at[0], max: at[at.length - 1] });
  });
  new ResizeObserver(() => plot.width === width() || plot.setSize({ width: width(), height: 190 })).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot.destroy();
    plot = draw(figure, width());
  });
}

for (const figure of document.querySelectorAll("figure[data-course]")) {
  const show = (shown) => figure.querySelectorAll(".zoomed, .zoom-hint").forEach((part) => (part.hidden = !shown));
  show(true); // because a hidden part has no width
  try {
    zoomable(figure);
  } catch (error) {
    show(false);
    reportError(error);
  }
}

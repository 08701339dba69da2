"use strict";
// Draws what the page says in data-chart; the same numbers stand beside it as a table.

const drawn = [];

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw(place) {
  const told = JSON.parse(place.dataset.chart);
  const positions = told.labels.map((_, index) => index);
  const grid = { stroke: ink("--line"), width: 1 };
  const axis = { stroke: ink("--soft"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
  const number = new Intl.NumberFormat("pt-BR", { maximumFractionDigits: 4 });
  const options = {
    width: place.clientWidth,
    height: 220,
    legend: { live: true },
    cursor: { points: { size: 6 } },
    scales: { x: { time: false, range: [-0.6, positions.length - 0.4] }, y: { range: told.range ?? ((_, low, high) => [0, Math.max(high * 1.1, 1e-6)]) } },
    axes: [
      { ...axis, space: 48, incrs: [1, 2, 5, 7, 10, 15, 30], values: (_, splits) => splits.map((at) => told.labels[at] ?? "") },
      { ...axis, size: 56, values: (_, splits) => splits.map((value) => number.format(value)) },
    ],
    series: [
      { label: "dia", value: (_, at) => told.labels[at] ?? "–" },
      ...told.series.map((one) => ({
        label: one.name,
        stroke: ink(one.ink),
        fill: told.bars ? ink(one.ink) : undefined,
        width: told.bars ? 0 : 2,
        spanGaps: true,
        points: { show: !told.bars, size: 5 },
        paths: told.bars ? uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 }) : undefined,
        value: (_, value, __, index) => {  // what is drawn in front of another is told apart from it
          const shown = one.shown && index != null ? one.shown[index] : value;
          return shown == null ? "–" : number.format(shown);
        },
      })),
    ],
  };
  return new uPlot(options, [positions, ...told.series.map((one) => one.values)], place);
}

function drawAll() {
  for (const chart of drawn.splice(0)) chart.destroy();
  for (const place of document.querySelectorAll("[data-chart]")) drawn.push(draw(place));
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  drawAll();
});

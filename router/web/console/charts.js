// Small lines of what was seen since the page was opened, and before where the router remembers it. They say
// nothing that is not also written.

/* global uPlot */

const LONGEST = 3600;
const SHORTEST = 120;
const charts = new Map();

export function chart(place, options = {}) {
  charts.set(place, { place, options, times: [], values: [], limits: [], drawn: null });
  new ResizeObserver(() => redraw(charts.get(place))).observe(place);
}

export function point(place, at, value, limit = null) {
  const one = charts.get(place);
  one.times.push(at);
  one.values.push(value);
  one.limits.push(limit);
  if (one.times.length > LONGEST) for (const each of [one.times, one.values, one.limits]) each.shift();
  if (one.drawn) one.drawn.setData([one.times, one.values, one.limits]);
  else redraw(one);
}

// What was before the first point: one that was seen here is not overwritten.
export function before(place, points) {
  const one = charts.get(place);
  const older = points.filter(({ at }) => !one.times.length || at < one.times[0]);
  one.times.unshift(...older.map(({ at }) => at));
  one.values.unshift(...older.map(({ value }) => value));
  one.limits.unshift(...older.map(() => null));
  redraw(one);
}

export function repaint() {
  for (const one of charts.values()) redraw(one);
}

function redraw(one) {
  const width = one.place.clientWidth;
  if (!width || !one.times.length || !globalThis.uPlot) return; // how things are does not wait for the lines
  one.drawn?.destroy();
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--line-ink").trim();
  const series = (colour, more) => ({ stroke: colour, width: 1.75, points: { show: false }, ...more });
  one.drawn = new uPlot({
    width,
    height: one.place.clientHeight,
    padding: [4, 0, 2, 0],
    cursor: { show: false },
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: true, range: (_u, low, high) => [Math.min(low, high - SHORTEST), high] }, y: { range: room(one.options.from) } },
    series: [{}, series(ink, { fill: style.getPropertyValue("--line-fill").trim(), paths: one.options.steps ? uPlot.paths.stepped({ align: 1 }) : undefined }),
      series(style.getPropertyValue("--bad").trim(), { width: 1, dash: [4, 4] })],
  }, [one.times, one.values, one.limits], one.place);
  one.drawn.root.setAttribute("aria-hidden", "true");
}

// Where a series is empty there is nothing to see of it.
const room = (from) => (_u, low, high) => {
  const bottom = from === undefined ? low - (high - low || high || 1) * 0.3 : from;
  return [bottom, Math.max(high, bottom + 1e-9) + (high - bottom || 1) * 0.15];
};

// Draws one dashboard with Grafana's own components, from what Prometheus answered: window.DRAWN.
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  FieldConfigOptionsRegistry, FieldType, ThemeContext, applyFieldOverrides, createTheme, dateTime,
  getDisplayProcessor, getDisplayValueAlignmentFactors, getFieldDisplayValues, identityOverrideProcessor, standardTransformers,
  standardTransformersRegistry, toDataFrame, transformDataFrame,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, Table, TimeSeries, VizLegend, VizRepeater } from '@grafana/ui';

const { board, answers, from, to, marks, phone, dark } = window.DRAWN;
const theme = createTheme({ colors: { mode: dark ? 'dark' : 'light' } });
const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
const CELL = 30, GAP = 8, EDGE = 16;
const whole = document.documentElement.clientWidth - 2 * EDGE;

standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((transformation) => ({
    id: transformation.id, name: transformation.name, transformation: async () => transformation, editor: () => null, imageDark: '', imageLight: '',
  })));

// What Grafana's application registers of itself: every property that these panels have.
const properties = new Set(board.panels.flatMap(({ fieldConfig: { defaults, overrides } }) => [
  ...Object.keys(defaults).filter((key) => key !== 'custom'),
  ...Object.keys(defaults.custom).map((key) => `custom.${key}`),
  ...overrides.flatMap((override) => override.properties.map(({ id }) => id)),
]));
const registry = new FieldConfigOptionsRegistry(() => [...properties].map((id) => ({
  id, path: id.replace('custom.', ''), name: id, isCustom: id.startsWith('custom.'), process: identityOverrideProcessor,
  shouldApply: () => true, override: () => null, editor: () => null, settings: {},
})));

const named = (format, labels) => format === '__auto'
  ? undefined
  : format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');

function frames(panel) {
  return panel.targets.flatMap((target) => {
    const series = answers[panel.id][target.refId];
    return target.format === 'table' ? [tabled(target, series, panel.targets.length > 1)] : series.map((one) => toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: one.values.map(([at]) => at * 1000) },
        {
          name: 'Value', type: FieldType.number, labels: one.metric,
          values: one.values.map(([, value]) => Number(value.replace('Inf', 'Infinity'))),
          config: { displayNameFromDS: named(target.legendFormat, one.metric) },
        },
      ],
    }));
  });
}

function tabled(target, series, several) {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))];
  const last = (one) => one.values[one.values.length - 1];
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map((one) => last(one)[0] * 1000) },
      ...labels.map((name) => ({ name, type: FieldType.string, values: series.map((one) => one.metric[name]) })),
      {
        name: several ? `Value #${target.refId}` : 'Value', type: FieldType.number,
        values: series.map((one) => Number(last(one)[1].replace('Inf', 'Infinity'))),
      },
    ],
  });
}

const dressed = (panel, data) => applyFieldOverrides({
  data, fieldConfig: panel.fieldConfig, theme, fieldConfigRegistry: registry, timeZone: 'Europe/Paris',
  replaceVariables: (text) => text,
});

const shown = (panel, data) => getFieldDisplayValues({
  fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, data, theme, timeZone: 'Europe/Paris',
  replaceVariables: (text) => text,
});

function Stat({ panel, data, width, height }) {
  const { colorMode, graphMode, justifyMode, textMode } = panel.options;
  return (
    <VizRepeater
      getValues={() => shown(panel, data)} getAlignmentFactors={getDisplayValueAlignmentFactors} source={data}
      renderCounter={0} width={width} height={height}
      orientation="auto" autoGrid
      renderValue={({ value, ...room }) => (
        <BigValue {...room} value={value.display} theme={theme} colorMode={colorMode} graphMode={graphMode}
          justifyMode={justifyMode} textMode={textMode} />
      )}
    />
  );
}

function Gauges({ panel, data, width, height }) {
  const { displayMode, valueMode, namePlacement, showUnfilled, minVizHeight, minVizWidth, maxVizHeight, text } = panel.options;
  return (
    <VizRepeater
      getValues={() => shown(panel, data)} getAlignmentFactors={getDisplayValueAlignmentFactors} source={data}
      renderCounter={0} width={width} height={height}
      orientation="horizontal" minVizHeight={minVizHeight} minVizWidth={minVizWidth} maxVizHeight={maxVizHeight}
      renderValue={({ value, ...room }) => (
        <BarGauge {...room} value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          theme={theme} displayMode={displayMode} valueDisplayMode={valueMode} namePlacement={namePlacement}
          showUnfilled={showUnfilled} text={text} itemSpacing={8} />
      )}
    />
  );
}

// As the application does before it draws a graph: what is no number is a gap.
const graphable = (frame) => ({
  ...frame,
  fields: frame.fields.map((field) => field.type === FieldType.number
    ? { ...field, values: field.values.map((value) => (Number.isFinite(value) ? value : null)) }
    : field),
});

function Trend({ panel, data, width, height }) {
  const mark = (builder) => {
    builder.addHook('draw', (u) => marks.forEach(({ at, color }) => {
      const x = Math.round(u.valToPos(at * 1000, 'x', true));
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
      u.ctx.save();
      u.ctx.strokeStyle = theme.visualization.getColorByName(color);
      u.ctx.setLineDash([5, 5]);
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
      u.ctx.restore();
    }));
    return null;
  };
  return (
    <TimeSeries frames={data.map(graphable)} width={width} height={height} timeRange={range} timeZone="Europe/Paris"
      legend={panel.options.legend} options={panel.options} structureRev={1}>
      {mark}
    </TimeSeries>
  );
}

// Grafana keeps its state timeline in the application: these are its colours and words, not its drawing.
function Timeline({ panel, data, width, height }) {
  const room = height - 60, row = room / data.length;
  const seen = new Map();
  const rows = data.map((frame) => {
    const [time, field] = frame.fields;
    const say = field.display ?? getDisplayProcessor({ field, theme });
    const spans = [];
    time.values.forEach((at, place) => {
      const { text, color } = say(field.values[place]);
      seen.set(text, color);
      const until = time.values[place + 1] ?? Number(to);
      if (spans.at(-1)?.text === text) spans.at(-1).until = until;
      else spans.push({ text, color, at, until });
    });
    return { name: field.config.displayNameFromDS ?? field.name, spans };
  });
  const left = 64, across = (at) => ((at - from) / (to - from)) * (width - left);
  return (
    <div>
      <div style={{ position: 'relative', height: room, fontSize: 12 }}>
        {rows.map(({ name, spans }, place) => (
          <div key={name}>
            <span style={{ position: 'absolute', top: row * (place + 0.5) - 8 }}>{name}</span>
            {spans.map(({ text, color, at, until }) => (
              <span key={at} style={{
                position: 'absolute', left: left + across(at), width: Math.max(1, across(until) - across(at)),
                top: row * (place + 0.08), height: row * 0.84, background: color, color: theme.colors.getContrastText(color),
                overflow: 'hidden', padding: '4px 0 0 6px', boxSizing: 'border-box', whiteSpace: 'nowrap',
              }}>{across(until) - across(at) > 50 ? text : ''}</span>
            ))}
          </div>
        ))}
      </div>
      <div style={{ height: 20, position: 'relative', fontSize: 12 }}>
        {[0, 1, 2, 3].map((part) => {
          const at = Math.ceil(from / 36e5) * 36e5 + part * Math.round((to - from) / 4 / 36e5) * 36e5;
          if (left + across(at) + 16 > width) return null;
          return <span key={part} style={{ position: 'absolute', left: left + across(at) - 16 }}>
            {new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Europe/Paris', hour: '2-digit', minute: '2-digit' })}
          </span>;
        })}
      </div>
      <VizLegend placement="bottom" displayMode="list"
        items={[...seen].map(([label, color]) => ({ label, color, yAxis: 1 }))} />
    </div>
  );
}

const Rows = ({ panel, data, width, height }) =>
  <Table data={data[0]} width={width} height={height} cellHeight={panel.options.cellHeight} />;

const KINDS = { stat: Stat, bargauge: Gauges, timeseries: Trend, 'state-timeline': Timeline, table: Rows };

function Panel({ panel, place }) {
  const [data, setData] = React.useState(null);
  React.useEffect(() => {
    const change = transformDataFrame(panel.transformations ?? [], frames(panel));
    const held = change.subscribe((found) => setData(dressed(panel, found)));
    return () => held.unsubscribe();
  }, [panel]);
  const Kind = KINDS[panel.type];
  const empty = !data?.some((frame) => frame.length);
  return (
    <div style={{ position: 'absolute', ...place }} data-panel={panel.title}>
      <PanelChrome title={panel.title} description={panel.description} width={place.width} height={place.height}>
        {(width, height) => data && (
          <div data-drawn={empty ? 'empty' : 'full'}>
            {empty && !['stat', 'bargauge'].includes(panel.type)
              ? <div style={{ textAlign: 'center', paddingTop: height / 2 - 10 }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>
              : <Kind panel={panel} data={data} width={width} height={height} />}
          </div>
        )}
      </PanelChrome>
    </div>
  );
}

function placed() {
  let below = 0;
  return board.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const column = (whole + GAP) / 24, height = h * (CELL + GAP) - GAP;
    const place = phone
      ? { left: EDGE, top: EDGE + below, width: whole, height }
      : { left: EDGE + x * column, top: EDGE + y * (CELL + GAP), width: w * column - GAP, height };
    below += height + GAP;
    return { panel, place };
  });
}

function Dashboard() {
  const all = placed();
  const bottom = Math.max(...all.map(({ place }) => place.top + place.height)) + EDGE;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ position: 'relative', height: bottom, background: theme.colors.background.canvas }}>
        {all.map(({ panel, place }) => <Panel key={panel.id} panel={panel} place={place} />)}
      </div>
    </ThemeContext.Provider>
  );
}

createRoot(document.getElementById('dashboard')).render(<Dashboard />);

// Draws one dashboard with Grafana's own components from what ../picture.py puts on the page: panels, and the answers of a Prometheus.
// The state timeline is drawn here, because Grafana does not publish its component; its words and colours are the panel's own.
import "uplot/dist/uPlot.min.css";
import React from "react";
import { createRoot } from "react-dom/client";
import {
  createTheme, dateTime, FieldType, fieldMatchers, getDisplayProcessor, getFieldDisplayValues, standardTransformers,
  standardTransformersRegistry, toDataFrame, transformDataFrame,
} from "@grafana/data";
import { BigValue, BigValueGraphMode, GlobalStyles, PanelChrome, PortalContainer, Table, ThemeContext, TimeSeries } from "@grafana/ui";
import { set } from "lodash";
import { firstValueFrom } from "rxjs";

const CELL_HEIGHT = 38;
const MARGIN = 8;
const page = JSON.parse(document.getElementById("data")!.textContent!);
const theme = createTheme({ colors: { mode: page.scheme } });
const column = (page.width - 2 * MARGIN) / 24;
const range = { from: dateTime(page.from), to: dateTime(page.to), raw: { from: dateTime(page.from), to: dateTime(page.to) } };

(window as any).grafanaBootData = { settings: {}, user: {} };
standardTransformersRegistry.setInit(() => {
  const known = new Map(Object.values(standardTransformers).map((each: any) => [each.id, each]));
  return [...known.values()].map((each: any) => ({ id: each.id, name: each.name ?? each.id, transformation: each, editor: () => null }) as any);
});

function named(format: string, labels: Record<string, string>): string {
  if (format === "__auto") return Object.keys(labels).length ? JSON.stringify(labels) : "Value";
  return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? "");
}

// The frames that Grafana's Prometheus data source makes of each answer.
function framesOf(panel: any): any[] {
  const single = panel.targets.length === 1;
  return panel.answers.flatMap((series: any[], position: number) => {
    const target = panel.targets[position];
    if (target.format === "table") return [tabular(series, single ? "Value" : `Value #${target.refId}`, target.refId)];
    return series.map((each) => {
      const name = named(target.legendFormat, each.metric);
      const points = each.values ?? [each.value];
      return toDataFrame({
        refId: target.refId,
        name,
        fields: [
          { name: "Time", type: FieldType.time, values: points.map((point: any) => point[0] * 1000) },
          { name: "Value", type: FieldType.number, labels: each.metric, values: points.map((point: any) => Number(point[1])), config: { displayNameFromDS: name } },
        ],
      });
    });
  });
}

function tabular(series: any[], value: string, refId: string): any {
  const labels = [...new Set(series.flatMap((each) => Object.keys(each.metric)))].sort() as string[];
  return toDataFrame({
    refId,
    fields: [
      { name: "Time", type: FieldType.time, values: series.map((each) => each.value[0] * 1000) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: series.map((each) => each.metric[label] ?? "") })),
      { name: value, type: FieldType.number, values: series.map((each) => Number(each.value[1])) },
    ],
  });
}

// Defaults, overrides and display of each field, as a panel applies them.
function configured(frames: any[], panel: any): any[] {
  let index = 0;
  for (const frame of frames) {
    for (const field of frame.fields) {
      field.config = { ...structuredClone(panel.fieldConfig.defaults), ...field.config };
      field.config.color ??= { mode: "thresholds" };
      field.state = { ...field.state, seriesIndex: field.type === FieldType.number ? index++ : 0 };
      for (const override of panel.fieldConfig.overrides ?? []) {
        const matcher = fieldMatchers.get(override.matcher.id);
        if (matcher.get(override.matcher.options)(field, frame, frames)) {
          for (const property of override.properties) set(field.config, property.id, property.value);
        }
      }
      field.display = getDisplayProcessor({ field, theme, timeZone: "utc" });
      field.getLinks = () => [];
    }
  }
  return frames;
}

function States({ frames, width, height }: any) {
  const space = page.to - page.from;
  const names = 150;
  const line = Math.min(40, (height - 24) / Math.max(1, frames.length));
  return (
    <div style={{ position: "relative", width, height, font: "12px Inter, Helvetica, sans-serif", color: theme.colors.text.primary }}>
      {frames.map((frame: any, row: number) => {
        const [time, value] = frame.fields;
        const runs: any[] = [];
        for (let at = 0; at < time.values.length; at++) {
          const last = runs[runs.length - 1];
          if (last && last.value === value.values[at]) last.end = time.values[at];
          else runs.push({ value: value.values[at], start: time.values[at], end: time.values[at] });
        }
        return runs.map((run, at) => {
          const shown = value.display(run.value);
          const end = at + 1 < runs.length ? runs[at + 1].start : run.end;
          const left = names + ((run.start - page.from) / space) * (width - names);
          const wide = Math.max(2, ((end - run.start) / space) * (width - names));
          const box: React.CSSProperties = { position: "absolute", top: row * line + 3, height: line - 6, overflow: "hidden", whiteSpace: "nowrap", lineHeight: `${line - 6}px` };
          return (
            <React.Fragment key={`${row} ${at}`}>
              {at === 0 && <div style={{ ...box, left: 0, width: names - 8, textAlign: "right" }}>{frame.name}</div>}
              <div style={{ ...box, left, width: wide, background: shown.color, color: theme.colors.getContrastText(shown.color), paddingLeft: 4 }}>{wide > 40 ? shown.text : ""}</div>
            </React.Fragment>
          );
        });
      })}
    </div>
  );
}

function Body({ panel, frames, width, height }: any) {
  const defaults = panel.fieldConfig.defaults;
  if (!frames.some((frame: any) => frame.length)) {
    return <div style={{ display: "grid", placeItems: "center", height, color: theme.colors.text.secondary, fontSize: 20 }}>{defaults.noValue ?? "No data"}</div>;
  }
  switch (panel.type) {
    case "timeseries":
      return <TimeSeries frames={frames} timeRange={range as any} timeZone="utc" width={width} height={height} legend={panel.options.legend} options={panel.options} structureRev={1} />;
    case "stat": {
      const [value] = getFieldDisplayValues({ fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text: string) => text, theme, data: frames, timeZone: "utc" } as any);
      return <BigValue value={value.display} width={width} height={height} theme={theme} colorMode={panel.options.colorMode} textMode={panel.options.textMode} graphMode={BigValueGraphMode.None} />;
    }
    case "table":
      return <Table data={frames[0]} width={width} height={height} />;
    default:
      return <States frames={frames} width={width} height={height} />;
  }
}

function Panel({ panel }: any) {
  const { x, y, w, h } = panel.gridPos;
  const [width, height] = [w * column - MARGIN, h * CELL_HEIGHT - MARGIN];
  const place: React.CSSProperties = { position: "absolute", left: x * column, top: y * CELL_HEIGHT, width, height };
  const [frames, settle] = React.useState<any[] | null>(null);
  React.useEffect(() => {
    if (panel.type === "row") return;
    const steps = panel.transformations ?? [];
    const raw = framesOf(panel);
    const done = steps.length ? firstValueFrom(transformDataFrame(steps, raw, { interpolate: (text: string) => text } as any)) : Promise.resolve(raw);
    done.then((made: any) => settle(configured(made, panel))).catch((why) => console.error(panel.title, String(why)));
  }, []);
  if (panel.type === "row") return <div style={{ ...place, color: theme.colors.text.primary, font: "500 16px Inter, sans-serif", paddingTop: 6 }}>{panel.title}</div>;
  if (!frames) return null;
  return (
    <div style={place}>
      <PanelChrome width={width} height={height} title={panel.title} description={panel.description}>
        {(inner: number, tall: number) => <Body panel={panel} frames={frames} width={inner} height={tall} />}
      </PanelChrome>
    </div>
  );
}

document.body.style.cssText = `margin:0;background:${theme.colors.background.canvas};font:14px Inter,Helvetica,Arial,sans-serif`;
createRoot(document.getElementById("root")!).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <div style={{ position: "relative", margin: MARGIN }}>{page.panels.map((panel: any, at: number) => <Panel key={at} panel={panel} />)}</div>
    <PortalContainer />
  </ThemeContext.Provider>,
);

/**
 * A chart described once and drawn by everyone: the PDF and image painters, the spreadsheet writer and the portal.
 * It names columns of the table it goes with; it holds no data.
 */
export type ChartSpec =
  | {
      /** `line`, `bar` and `stacked-area`: categories or dates along x, one series a measure or a value of `series`. */
      kind: "line" | "bar" | "stacked-area";
      /** Column id of the x axis. */
      x: string;
      /** Measure column ids; with `series` exactly one. */
      y: readonly string[];
      /** Dimension column id whose values become the series. */
      series?: string;
      /** Bars from left to right instead of bottom to top. */
      horizontal?: boolean;
    }
  | { kind: "doughnut"; label: string; value: string }
  | {
      /** One percentage from 0 to 100: green from 90, amber from 70, red below. */
      kind: "gauge";
      value: string;
    }
  | { kind: "heatmap"; x: string; y: string; value: string }
  | { kind: "budget"; x: string; actual: string; budget: string };

export type ChartKind = ChartSpec["kind"];

// How the report's page looks: by day and by night, on a telephone and on a wide screen, on paper.

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --bg: #f6f7f9; --card: #ffffff; --ink: #1a1f29; --muted: #667085; --line: #e2e6ec; --grid: #eaedf2;
  --band: #f3f6fb; --c1: #2563eb; --c2: #d9480f; --c3: #0f9d75; --c4: #9467bd;
  --good: #0f7a4f; --good-bg: #e6f6ee; --bad: #c22525; --bad-bg: #fdecec; --warn: #92600a; --warn-bg: #fff4dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #10141b; --card: #181e28; --ink: #e7ebf2; --muted: #98a3b5; --line: #2a3341; --grid: #242c38;
    --band: #1d2531; --c1: #6ea8fe; --c2: #ff9f66; --c3: #4fd1a5; --c4: #c9a6f5;
    --good: #5fd6a0; --good-bg: #123227; --bad: #ff8a8a; --bad-bg: #3a1a1d; --warn: #f0c060; --warn-bg: #352a12;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 60px; }
header h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; }
header p { margin: 4px 0 0; }
.muted { color: var(--muted); }
.badges { display: grid; gap: 8px; margin: 18px 0 22px; padding: 0; list-style: none; }
.badges li { padding: 9px 14px; border-radius: 8px; background: var(--card); border: 1px solid var(--line); }
.badges strong { margin-right: 6px; }
.badges .good { background: var(--good-bg); border-color: transparent; }
.badges .good strong { color: var(--good); }
.badges .bad { background: var(--bad-bg); border-color: transparent; }
.badges .bad strong { color: var(--bad); }
.badges .warn { background: var(--warn-bg); border-color: transparent; }
.badges .warn strong { color: var(--warn); }
.badges ul { margin: 4px 0 0; padding-left: 20px; }
.figures { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); margin: 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.figures dt { color: var(--muted); font-size: 13px; }
.figures dd { margin: 0; font-size: 23px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figures dd small { font-size: 14px; font-weight: 400; color: var(--muted); margin-left: 4px; letter-spacing: 0; }
h2 { font-size: 19px; margin: 34px 0 12px; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.card h3 { margin: 0; font-size: 15px; }
.card p { margin: 2px 0 8px; font-size: 13px; color: var(--muted); }
.wide { grid-column: 1 / -1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--muted); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.facts td:first-child { color: var(--muted); width: 42%; }
ul.plain { margin: 0; padding-left: 20px; }
ul.plain li { margin: 3px 0; }
.u-legend { font-size: 13px; text-align: left; color: var(--ink); }
.u-legend th { color: inherit; }
.u-legend td, .u-legend th { border: 0; padding: 1px 4px; white-space: nowrap; text-align: left; }
.u-legend.u-inline .u-series { margin-right: 10px; }
footer { margin-top: 40px; font-size: 13px; color: var(--muted); }
@media (max-width: 800px) {
  main { padding: 18px 12px 40px; }
  header h1 { font-size: 24px; }
  .grid { grid-template-columns: minmax(0, 1fr); }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figures dd { font-size: 21px; }
  table { font-size: 13px; }
  th, td { padding: 5px 7px; }
  th { font-size: 12px; }
}
@media print { body { background: #fff; } .card { break-inside: avoid; } }
`;

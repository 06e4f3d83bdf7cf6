import { dayRows, heatmapRows, lastDays, legendItems, minuteHeads, MINUTE_MS, pingsText, toGrid } from '../assets/calendar.js'
import { clockText, escapeHtml, parseState, stateParts, UNKNOWN, zoneHtml, type StateParts } from '../assets/view.js'
import { stateJson, type PageState } from '../page-state.ts'
import type { Asset, AssetName } from './assets.ts'
import type { FirstView } from './first-views.ts'

export interface PageHtmlOptions {
  readonly assets: Readonly<Record<AssetName, Asset>>
  /** Where callers reach this server, such as http://127.0.0.1:8080. */
  readonly origin: string
  /** The IANA name of the zone in which times are shown. */
  readonly zone: string
  /** What was wrong with the zone that was asked for. */
  readonly zoneFault: string | undefined
}

/** The whole page, readable and complete without scripts. */
export function pageHtml(view: FirstView, options: PageHtmlOptions): string {
  const { assets, zone } = options
  const json = view.state && stateJson(view.state)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Ping</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="The count of all pings, live">
<link rel="stylesheet" href="${assets['page.css'].path}">
<link rel="modulepreload" href="${assets['view.js'].path}">
<link rel="modulepreload" href="${assets['calendar.js'].path}">
<link rel="modulepreload" href="${assets['server.js'].path}">
<script type="module" src="${assets['page.js'].path}"></script>
</head>
<body data-zone="${escapeHtml(zone)}" data-state="${escapeHtml(json ?? '')}">
${banner()}
<main>
${countSection(view, options)}
${heatmapSection(view, options)}
<div class="columns">
${daysSection(view, options)}
${partsSections(view, options)}
</div>
</main>
</body>
</html>
`
}

function banner(): string {
  return `<header><h1>Ping</h1><p id="link" class="link" hidden></p></header>`
}

function countSection({ state, days, nowMs }: FirstView, { origin, zone, zoneFault }: PageHtmlOptions): string {
  const { total, rate, proven, counted } = shown(state, zone)
  const today = days && lastDays(days, nowMs).at(-1)
  return `<section class="count" aria-labelledby="count-heading">
<div>
<h2 id="count-heading">Pings, each counted exactly once</h2>
<p id="total" class="total">${total}</p>
<p id="counted" class="note">${counted}</p>
<p id="spoken" class="unseen" aria-live="polite"></p>
<p id="send-line" class="send" hidden><button id="send" type="button">Send a ping</button> <output id="sent" for="send"></output></p>
<noscript><div class="hint">
<p>Without JavaScript, the page shows the numbers of ${clockText(nowMs, zone)} (${escapeHtml(zone)}). Reload it for newer ones. Another
time zone: add <code>?zone=Europe/Berlin</code> to the address. To send a ping:</p>
<pre tabindex="0"><code>curl -H 'Content-Type: application/json' -d '{}' ${escapeHtml(origin)}/ping.v1.PingService/Ping</code></pre>
</div></noscript>
${zoneFault === undefined ? '' : `<p class="hint">${escapeHtml(zoneFault)}</p>`}
</div>
<dl class="figures">
<div><dt>Pings per second now</dt><dd id="rate">${rate}</dd></div>
<div><dt>Today</dt><dd id="today">${today ? pingsText(today.count) : UNKNOWN}</dd></div>
<div><dt>Proven complete at</dt><dd id="proven">${proven}</dd></div>
<div><dt>Time zone</dt><dd id="zone" class="zone">${zoneHtml(zone)}</dd></div>
</dl>
</section>`
}

function heatmapSection({ minutes, nowMs }: FirstView, { zone }: PageHtmlOptions): string {
  const grid = minutes && toGrid(minutes)
  const focusMs = nowMs - (nowMs % MINUTE_MS)
  return `<section aria-labelledby="heatmap-heading">
<h2 id="heatmap-heading">The last 24 hours, minute by minute</h2>
<p id="keys" class="note" hidden>Each row is an hour, each column a minute. Arrow keys, Home, End, Page Up and Page Down move from cell to cell.</p>
<table id="heatmap" class="heatmap" aria-labelledby="heatmap-heading">
<thead><tr><th scope="col">Hour</th>${minuteHeads()}</tr></thead>
<tbody id="minutes">${heatmapRows(grid, { nowMs, zone, focusMs })}</tbody>
</table>
<p id="stale" class="note"></p>
<div class="below"><p id="cell" class="cell"></p><ul id="legend" class="legend" aria-label="Pings in a minute">${legendItems(grid)}</ul></div>
</section>`
}

function daysSection({ days, nowMs }: FirstView, { zone }: PageHtmlOptions): string {
  return `<section aria-labelledby="days-heading">
<h2 id="days-heading">The last 30 days</h2>
<table class="days" aria-labelledby="days-heading">
<thead><tr><th scope="col">Day</th><th scope="col">Pings</th><th scope="col"><span class="unseen">Bar</span></th></tr></thead>
<tbody id="days">${dayRows(days && lastDays(days, nowMs), zone)}</tbody>
</table>
</section>`
}

function partsSections({ state }: FirstView, { zone }: PageHtmlOptions): string {
  const { parts, lanes } = shown(state, zone)
  return `<div>
<section aria-labelledby="parts-heading">
<h2 id="parts-heading">The parts of Ping</h2>
<ul id="parts" class="parts">${parts}</ul>
</section>
<section aria-labelledby="lanes-heading">
<h2 id="lanes-heading">The lanes</h2>
<p class="note">Each ping has a number in one of the lanes. The total is the sum of the heads.</p>
<table class="lanes" aria-labelledby="lanes-heading">
<thead><tr><th scope="col">Lane</th><th scope="col">Head</th><th scope="col">Published</th><th scope="col">Applied</th><th scope="col">Age</th></tr></thead>
<tbody id="lanes">${lanes}</tbody>
</table>
</section>
</div>`
}

/** The parts of the page that show the state, as the browser makes them. */
function shown(state: PageState | undefined, zone: string): StateParts {
  if (state === undefined)
    return {
      total: UNKNOWN,
      rate: UNKNOWN,
      proven: UNKNOWN,
      counted: 'Not known yet: the page did not wait for it. Reload it.',
      parts: '',
      lanes: '',
    }
  return stateParts(parseState(stateJson(state)), zone)
}

import type { Badge } from './badge.ts'
import { textWidth } from './text-width.ts'

const HEIGHT = 20
const RADIUS = 3
/** Between a text and the edges of its side, in px. */
const PADDING = 6
const LABEL_COLOR = '#444'
/** White text on each has a contrast of more than 4.5. */
const COLOR = { proven: '#0969a8', unproven: '#6b6b6b' }

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Draws a badge: the label on the left, the message on the right, as wide as the texts need. No styles, no scripts, no ids. */
export function badgeSvg({ label, message, isProven }: Badge): string {
  const left = label === '' ? 0 : textWidth(label) + 2 * PADDING
  const right = textWidth(message) + 2 * PADDING
  const width = left + right
  const name = escapeXml(label === '' ? message : `${label}: ${message}`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${name}">`,
    `<title>${name}</title>`,
    `<rect width="${width}" height="${HEIGHT}" rx="${RADIUS}" fill="${isProven ? COLOR.proven : COLOR.unproven}"/>`,
    left === 0 ? '' : `<path d="${leftSide(left)}" fill="${LABEL_COLOR}"/>`,
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
    text(label, PADDING),
    text(message, left + PADDING),
    '</g></svg>',
  ].join('')
}

/** The outline of the left side: round on the left, straight where the right side begins. */
function leftSide(width: number): string {
  const straight = HEIGHT - 2 * RADIUS
  return `M${RADIUS} 0H${width}V${HEIGHT}H${RADIUS}a${RADIUS} ${RADIUS} 0 0 1-${RADIUS}-${RADIUS}v-${straight}a${RADIUS} ${RADIUS} 0 0 1 ${RADIUS}-${RADIUS}z`
}

function text(content: string, x: number): string {
  return content === '' ? '' : `<text x="${x}" y="14" textLength="${textWidth(content)}">${escapeXml(content)}</text>`
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"']/g, character => ENTITIES[character]!)
}

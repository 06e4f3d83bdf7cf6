/** Widths of characters in Verdana at 11 px, rounded to half pixels. Verdana's digits all have the same width. */
const WIDTHS: readonly (readonly [characters: RegExp, px: number])[] = [
  [/[ijl|!'.,:;I ]/, 4],
  [/[frt()[\]{}/\\"*-]/, 5],
  [/[MWmw@%]/, 10.5],
  [/[A-HJ-LN-VX-Z&#+<=>~^]/, 8],
  [/[ckosvxyz]/, 6.5],
  [/[!-~]/, 7],
  [/[\u00a1-\u10ff]/, 9],
]
/** Of characters that are as wide as the line is high, such as Chinese ones and emoji. */
const WIDE_PX = 13

/** How wide a text is, in whole px. The drawing fits the text to this width, whatever font there is. */
export function textWidth(text: string): number {
  let px = 0
  for (const character of text) px += WIDTHS.find(([characters]) => characters.test(character))?.[1] ?? WIDE_PX
  return Math.ceil(px)
}

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
}

/** A plain text table: the first column is aligned to the left, the others to the right. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(column => column.title), ...rows.map(row => columns.map(column => column.cell(row)))]
  const widths = columns.map((_, index) => Math.max(...lines.map(line => line[index]?.length ?? 0)))
  const [head, ...body] = lines.map(line =>
    line
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!)))
      .join('  ')
      .trimEnd(),
  )
  return [head, '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)), ...body].join('\n')
}

/** 1234567 → "1,234,567"; NaN and undefined → "–". */
export function whole(value: number | undefined): string {
  return shown(value, each => Math.round(each).toLocaleString('en-US'))
}

/** With three significant digits or fewer: 0.126, 4.3, 57. */
export function short(value: number | undefined): string {
  return shown(value, each => each.toFixed(each < 1 ? 3 : each < 10 ? 2 : each < 100 ? 1 : 0))
}

/** A ratio: "×0.83". */
export function ratio(value: number | undefined): string {
  return shown(value, each => `×${each.toFixed(each < 0.1 ? 3 : each < 10 ? 2 : 1)}`)
}

function shown(value: number | undefined, format: (value: number) => string): string {
  return value === undefined || !Number.isFinite(value) ? '–' : format(value)
}

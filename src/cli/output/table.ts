/** A column of a table for people. */
export interface Column {
  readonly title: string
  /** Numbers are aligned to the right. */
  readonly align: 'left' | 'right'
}

/** Rows under their titles, in columns two spaces apart, without spaces at the ends of lines. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)))
  const cell = (text: string, column: number): string =>
    columns[column]!.align === 'left' ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)
  return all.map(row => row.map(cell).join('  ').trimEnd()).join('\n')
}

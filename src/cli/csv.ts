/** RFC 4180: a field with a comma, a quote or a line break is quoted. Ends with a line break. */
export function formatCsv(rows: (string | null)[][]): string {
  return rows.map((row) => `${row.map((field) => quoteField(field ?? '')).join(',')}\n`).join('')
}

function quoteField(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
